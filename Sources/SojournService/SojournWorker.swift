public import Logging
public import ServiceLifecycle
import SessionCore
import SessionEngine
public import SojournExtension
import WorkerRuntime

/// A worker as a service, for a program of your own: in its service group, beside its other services.
///
///     let worker = try await SojournWorker(rules: [SecondFactorForTenants(tenants: ["bank"])])
///     let group = ServiceGroup(services: [worker], gracefulShutdownSignals: [.sigterm], logger: logger)
///     try await group.run()
///
/// It leaves the process alone: it handles no signal and never ends the process, its log lines go to the logger that it is given,
/// and its metrics to the metrics system of the program, so its admin address has no `/metrics`. The program keeps core
/// dumps, which contain keys, from being written. For a program that is nothing but a worker there is
/// ``main(rules:verifiers:)``, which does all of that.
///
/// Every worker of an installation has to be built with the same rules and verifiers: any of them may get a command.
public struct SojournWorker: Service {
    private let worker: WorkerService

    /// Reads the settings and the files that they name; connects to nothing yet.
    ///
    /// - Parameters:
    ///   - environment: the settings, each by the name of its environment variable, such as `SOJOURN_AMQP_URL`; that of the
    ///     process by default.
    ///   - configurationFile: the path of a JSON file with settings, which are weaker than `environment`.
    ///   - rules: asked in this order; 64 at most.
    ///   - verifiers: 16 at most, no two of one kind, and none of the kinds `totp` and `recovery`.
    /// - Throws: `SojournWorkerError` if a setting is wrong, a file cannot be used, or a rule or verifier cannot be added.
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

    /// Takes commands until a graceful shutdown, and returns once those in flight are finished or the drain time
    /// (`SOJOURN_DRAIN_SECONDS`) is over; RabbitMQ redelivers the rest. Cancelled, it returns without finishing any. To be
    /// run once.
    ///
    /// - Throws: an error that describes itself if the admin address is in use, an exchange or queue is missing, or a server
    ///   rejects the credentials. An unavailable server is waited for.
    public func run() async throws {
        try await worker.run()
    }

    /// Returns once the worker has begun to take commands: the servers are there, and the checks of the start have passed.
    public func waitUntilReady() async throws(CancellationError) {
        guard await worker.health.waitUntilReady() else { throw CancellationError() }
    }

    /// Reads the keyring, the policy file and the callers file now, as the program does on SIGHUP. All three are watched anyway.
    public func reload() async {
        await worker.reload()
    }
}

/// Why a worker cannot be made: a sentence for whoever configures it. It contains no password.
public struct SojournWorkerError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
