public import Logging
public import ServiceLifecycle
import SessionCore
import SessionEngine
public import SojournExtension
import WorkerRuntime

/// A worker that runs in the service group of your own program, alongside its other services.
///
///     let worker = try await SojournWorker(rules: [SecondFactorForTenants(tenants: ["bank"])])
///     let group = ServiceGroup(services: [worker], gracefulShutdownSignals: [.sigterm], logger: logger)
///     try await group.run()
///
/// It does not affect the process: it handles no signals, never exits, logs to the given logger, and reports to the
/// program's metrics system, so its admin address does not serve `/metrics`. Unless `SOJOURN_OTLP_URL` is set, it records
/// spans with the tracer that is installed in `InstrumentationSystem` when it is created. The program has to disable core
/// dumps, which would contain keys. ``main(rules:verifiers:)`` does all of this for a program that is only a worker.
///
/// All workers of an installation need the same rules and verifiers, because any of them may receive a command.
public struct SojournWorker: Service {
    private let worker: WorkerService

    /// Reads the settings and the files that they name. Does not connect yet.
    ///
    /// - Parameters:
    ///   - environment: the settings by the names of their environment variables, such as `SOJOURN_AMQP_URL`. By default,
    ///     the environment of the process.
    ///   - configurationFile: the path of a JSON file with settings. `environment` overrides them.
    ///   - rules: run in this order; at most 64.
    ///   - verifiers: at most 16, each of a different kind, and none of the kinds `totp` and `recovery`.
    ///   - logger: for everything that the worker logs.
    /// - Throws: `SojournWorkerError` if a setting is invalid, a file cannot be used, or a rule or verifier cannot be
    ///   added.
    public init(
        environment: [String: String]? = nil, configurationFile: String? = nil, rules: [any SessionRule] = [],
        verifiers: [any FactorVerifier] = [], logger: Logger = Logger(label: "sojourn")
    ) async throws(SojournWorkerError) {
        do {
            let extensions = try Extensions(rules: rules, verifiers: verifiers)
            let configuration =
                if let environment {
                    try await WorkerConfiguration.read(environment: environment, file: configurationFile)
                } else {
                    try await WorkerConfiguration.read(file: configurationFile)
                }
            worker = try await WorkerService(configuration, extensions: extensions, logger: logger)
        } catch {
            throw SojournWorkerError("\(error)")
        }
    }

    /// Executes commands until graceful shutdown, then returns once those in flight are finished or the drain time
    /// (`SOJOURN_DRAIN_SECONDS`) is over; RabbitMQ redelivers the rest. If cancelled, returns without finishing them.
    /// Must be called only once.
    ///
    /// - Throws: if the admin address is in use, an exchange or queue is missing, or a server rejects the credentials.
    ///   The error's description says what to change. Waits for servers that are unavailable.
    public func run() async throws {
        try await worker.run()
    }

    /// Returns once the worker consumes commands, after connecting to the servers and passing the start checks.
    public func waitUntilReady() async throws(CancellationError) {
        guard await worker.health.waitUntilReady() else { throw CancellationError() }
    }

    /// Re-reads the keyring, the policy file and the callers file now, as `sojourn worker` does on SIGHUP. All three are
    /// also watched for changes.
    public func reload() async {
        await worker.reload()
    }
}

/// Why a worker cannot be created, as a sentence for an operator. Never contains a password.
public struct SojournWorkerError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
