import ConnectionSupport
import LogMetadata
package import Logging
import Metrics
package import NIOCore
package import NIOSSL

/// Exports spans to a collector, in batches: OTLP over HTTP, as JSON.
///
/// Nothing waits for it: a collector that is away, slow or hostile costs spans, which are counted.
package actor OTLPExporter {
    /// How long spans wait for more of them.
    private static let interval: Duration = .milliseconds(500)
    /// For one request.
    private static let patience: TimeAmount = .seconds(10)

    private let queue: SpanQueue
    private let connection: CollectorConnection
    private let resource: TraceResource
    private let logger: Logger
    private let metrics = ExportMetrics()
    private var news = FailureNews()
    private var isFailing = false
    private var random = SystemRandomNumberGenerator()
    /// The batch in hand.
    private var batch: [RecordedSpan] = []

    /// - Parameters:
    ///   - tls: used if the endpoint's URL begins with `https://`.
    ///   - eventLoop: must not be a lane's.
    package init(
        _ queue: SpanQueue, to endpoint: OTLPEndpoint, headers: OTLPHeaders, tls: TLSConfiguration,
        from resource: TraceResource, on eventLoop: any EventLoop, logger: Logger
    ) throws {
        self.queue = queue
        self.resource = resource
        self.logger = logger
        connection = CollectorConnection(
            to: endpoint, headers: headers, userAgent: "sojourn/\(resource.version)",
            tls: endpoint.isEncrypted ? try NIOSSLContext(configuration: tls) : nil, on: eventLoop)
    }

    /// Exports until the task is cancelled.
    package func run() async {
        while (try? await Task.sleep(for: Self.interval)) != nil {
            while !Task.isCancelled, hasBatch() {
                await deliver()
            }
        }
    }

    /// Exports what is left, once, within this time. What is left then is dropped.
    package func flush(within time: Duration) async {
        let end = NIODeadline.now() + TimeAmount(time)
        while hasBatch() {
            let left = end - .now()
            guard left > .zero else {
                metrics.undelivered.increment(by: batch.count)
                batch = []
                continue
            }
            switch await send(patience: left) {
            case .success(let answer) where answer.failure == nil: exported(rejected: answer.rejectedSpans)
            case .success, .failure:
                metrics.undelivered.increment(by: batch.count)
                batch = []
            }
        }
    }

    private func hasBatch() -> Bool {
        if batch.isEmpty { batch = queue.take() }
        return !batch.isEmpty
    }

    /// Sends the batch until the collector has it, or for as long as it is kept, or until the task is cancelled.
    private func deliver() async {
        var retry = ExportRetry(begin: .now())
        while true {
            let outcome = await send(patience: Self.patience)
            if Task.isCancelled { return }
            let step = retry.next(after: outcome, now: .now(), using: &random)
            let failure = outcome.exportFailure
            if let failure { report(failure, step) }
            switch step {
            case .exported(let rejected): return exported(rejected: rejected)
            case .again(let pause):
                guard (try? await Task.sleep(for: pause)) != nil else { return }
            case .drop:
                (failure?.reason == .refused ? metrics.refused : metrics.undelivered).increment(by: batch.count)
                batch = []
                return
            }
        }
    }

    private func send(patience: TimeAmount) async -> Result<CollectorAnswer, ExportFailure> {
        let body = OTLPEncoding.request(batch, from: resource)
        do throws(ExportFailure) { return .success(try await connection.send(body, patience: patience)) } catch {
            return .failure(error)
        }
    }

    private func exported(rejected: Int) {
        let rejected = min(rejected, batch.count)
        metrics.exported.increment(by: batch.count - rejected)
        if rejected > 0 {
            metrics.rejected.increment(by: rejected)
            logger.debug("the collector rejected spans", metadata: [LogKey.count: "\(rejected)"])
        }
        batch = []
        guard isFailing else { return }
        isFailing = false
        news.forget()
        logger.info("spans are exported again", metadata: [LogKey.address: "\(connection.endpoint)"])
    }

    private func report(_ failure: ExportFailure, _ step: ExportRetry.Step) {
        metrics.failed(failure.reason)
        isFailing = true
        guard news.isNews(failure.message, at: .now()) else { return }
        logger.warning(
            step == .drop
                ? "spans were dropped: the collector does not take them"
                : "spans wait: the collector does not take them",
            metadata: [LogKey.address: "\(connection.endpoint)", LogKey.reason: "\(failure.message)"])
    }
}

extension Result where Success == CollectorAnswer, Failure == ExportFailure {
    fileprivate var exportFailure: ExportFailure? {
        switch self {
        case .success(let answer): answer.failure
        case .failure(let failure): failure
        }
    }
}
