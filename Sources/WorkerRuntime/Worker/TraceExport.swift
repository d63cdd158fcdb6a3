import LogMetadata
import Logging
import NIOPosix
import OTLPTracing
import ServiceLifecycle
import SessionContract
import SessionCrypto

/// The tracer that the settings ask for, and the export of its spans, which ends after everything that is traced.
struct TraceExport: Service {
    let tracer: OTLPTracer
    private let exporter: OTLPExporter
    private let drainTime: DrainTime

    /// - Parameter instance: tells workers apart, in every place and after every start.
    /// - Returns: `nil` without an OTLP endpoint.
    /// - Throws: `ConfigurationError` if a setting or a file cannot be used.
    init?(_ configuration: WorkerConfiguration, instance: String, logger: Logger) throws(ConfigurationError) {
        guard let url = configuration.otlpURL else { return nil }
        let endpoint: OTLPEndpoint
        do throws(OTLPEndpoint.Problem) {
            endpoint = try OTLPEndpoint(url: url)
        } catch {
            throw ConfigurationError(
                .invalidValue, configuration.name(of: .otlpUrl), "cannot be used", remedy: error.message)
        }
        let queue = SpanQueue()
        do {
            exporter = try OTLPExporter(
                queue, to: endpoint, headers: try configuration.otlpHeaders(),
                tls: try configuration.otlpTLSConfiguration(),
                from: TraceResource(
                    namespace: configuration.namespace, version: SojournVersion.text, instance: instance),
                on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger)
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError(
                .invalidValue, configuration.name(of: .otlpUrl), "cannot be used",
                remedy: "TLS cannot be set up (\(error))")
        }
        tracer = OTLPTracer(
            ratio: configuration.traceRatio, tracesPerSecond: configuration.tracesPerSecond, onEnd: queue.add)
        drainTime = DrainTime(seconds: configuration.drainSeconds)
    }

    func run() async {
        await cancelWhenGracefulShutdown { await exporter.run() }
        await exporter.flush(within: drainTime.spans)
    }
}

extension WorkerConfiguration {
    fileprivate func otlpHeaders() throws(ConfigurationError) -> OTLPHeaders {
        guard let path = otlpHeadersFile else { return .none }
        do {
            let content = try RegularFile(opening: path, isSecret: true).content(maxBytes: OTLPHeaders.maxBytes)
            return try OTLPHeaders(file: content)
        } catch let error as RegularFile.Problem {
            throw unusableHeaders(path, error.description)
        } catch let error as OTLPEndpoint.Problem {
            throw unusableHeaders(path, error.message)
        } catch {
            preconditionFailure("reading headers has no other errors")
        }
    }

    private func unusableHeaders(_ path: String, _ problem: String) -> ConfigurationError {
        ConfigurationError(
            .unreadableFile, "\(name(of: .otlpHeadersFile)) \(path)", problem,
            remedy: "it must have one header a line, name: value, in at most \(OTLPHeaders.maxBytes) bytes")
    }

    /// - Throws: `ConfigurationError` if there are headers for nothing.
    func checkTracing() throws(ConfigurationError) {
        guard otlpURL == nil, let given = givenNames[.otlpHeadersFile] else { return }
        throw ConfigurationError(
            .conflictingValues, given, "is given without \(ConfigurationVariable.otlpUrl.environmentName)",
            remedy: "it has no effect unless traces are exported: give both, or neither")
    }
}
