import Logging
import ServiceLifecycle
import SojournService
import Tracing
import UnixSignals

/// Runs a worker beside another service of the same program, until SIGTERM.
func runWorker(beside other: any Service, logger: Logger) async throws {
    let worker = try await SojournWorker(rules: Program.rules, verifiers: [Program.tokens], logger: logger)
    try await ServiceGroup(services: [worker, other], gracefulShutdownSignals: [.sigterm], logger: logger).run()
}

/// Runs a worker whose spans go to a backend of your own.
func runWorker(tracedBy tracer: any Tracer, logger: Logger) async throws {
    InstrumentationSystem.bootstrap(tracer)
    let worker = try await SojournWorker(logger: logger)
    try await ServiceGroup(services: [worker], gracefulShutdownSignals: [.sigterm], logger: logger).run()
}
