import FoundationEssentials
import Logging
import Metrics
import ServiceLifecycle
package import SessionCore
import SessionEngine

/// The process of `sojourn worker`: a ``WorkerService`` with signal handling, resource limits, the metrics system, and
/// an exit deadline that holds even if something hangs.
package struct WorkerProcess {
    private let configuration: WorkerConfiguration
    private let extensions: Extensions
    private let logger = Logger(label: "sojourn")

    /// - Parameter extensions: rules and factors added by the package that builds this worker.
    package init(_ configuration: WorkerConfiguration, extensions: Extensions = .none) {
        self.configuration = configuration
        self.extensions = extensions
    }

    /// Runs until SIGTERM or SIGINT, and returns once all in-flight commands are finished. A second SIGINT, or the end
    /// of the drain time, ends the process.
    ///
    /// - Throws: `ConfigurationError` if the worker cannot run as configured, see ``WorkerService``.
    package func run() async throws {
        ProcessProtection.forbidDumps()
        let metrics = PrometheusMetrics(help: MetricHelp.texts)
        MetricsSystem.bootstrap(metrics)
        let process = ProcessMetrics(factory: metrics)
        metrics.beforeReading(process.update)
        let watchdog = Watchdog()
        let worker = try await WorkerService(
            configuration, extensions: extensions, metrics: metrics,
            problems: WorkerLogHandler.problems, logger: logger,
            onFailure: {
                watchdog.arm(Self.patience, Watchdog.Ending(status: WorkerExit.status(of: $0), sentence: "\($0)"))
            })
        let manager = ServiceManager(environment: ProcessInfo.processInfo.environment, logger: logger) {
            ServiceManager.Condition(health: worker.health.report, liveness: worker.liveness.report)
        }
        manager?.start()
        defer { manager?.stop() }
        // Handle signals before the first line is logged and before there is a group to stop, so that none is lost.
        let (stops, stop) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        // One pending reload covers all changes made before it is handled.
        let (reloads, reload) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let signals = handleSignals(watchdog, stop: { stop.yield() }, reload: { reload.yield() })
        defer { withExtendedLifetime(signals) {} }
        try OpenFiles.provide(for: configuration)
        let reloading = BackgroundService {
            for await _ in reloads { await worker.reload() }
        }
        let stopping = ServiceGroupConfiguration.ServiceConfiguration(
            service: StopService(stops: stops), successTerminationBehavior: .gracefullyShutdownGroup)
        let parts: [any Service] = [worker, reloading]
        let services = parts.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) }
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(services: services + [stopping], logger: logger)
        ).run()
        WorkerLogHandler.flush()
    }

    /// How long the other parts have to stop once one has failed.
    private static let patience: Duration = .seconds(5)

    private func handleSignals(
        _ watchdog: Watchdog, stop: @escaping @Sendable () -> Void, reload: @escaping @Sendable () -> Void
    ) -> WorkerSignals {
        let seconds = configuration.drainSeconds
        let ending = Watchdog.Ending(
            status: 0,
            sentence:
                "shutdown took longer than \(seconds) s (\(configuration.name(of: .drainSeconds))): "
                + "exiting; RabbitMQ redelivers unfinished commands")
        return WorkerSignals(
            logger: logger,
            stop: {
                watchdog.arm(DrainTime(seconds: seconds).process, ending)
                stop()
            },
            reload: reload)
    }
}
