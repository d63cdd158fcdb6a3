import AMQPNIO
import LogMetadata
package import Logging
import NIOCore
import NIOPosix
import RedisNIO
import ServiceLifecycle
import SessionContract
package import SessionCore
import SessionCrypto
package import SessionEngine
import SessionStorage

/// A worker: lanes, sweeper, policies and admin endpoints, assembled from a configuration.
///
/// It does not affect the process: signals, resource limits and the metrics system are up to the program, see
/// ``WorkerProcess``.
package struct WorkerService: Service {
    let configuration: WorkerConfiguration
    let extensions: Extensions
    let keys: WorkerKeys
    let callers: CallersFile
    let redis: RedisConfiguration
    let brokers: [AMQPConfiguration]
    let topology: Topology
    package let health = HealthState(waitingFor: ["redis", "rabbitmq"])
    package let liveness: Liveness
    let blocked = BlockedTime()
    let resultNames = ResultNames()
    /// `nil` if nothing is recorded.
    let audit: AuditTrail?
    private let auditLog: AuditFileLog?
    /// `nil` if nothing is traced.
    let tracer: CommandTracer?
    let logger: Logger
    private let export: TraceExport?
    private let policyFile: PolicyFile
    private let metrics: PrometheusMetrics?
    private let problems: RecentProblems
    private let onFailure: @Sendable (any Error) -> Void

    /// - Parameters:
    ///   - extensions: rules and factors added by the package that builds this worker.
    ///   - metrics: served at `/metrics`, and as the status page; if nil, these paths are not served.
    ///   - problems: shown on the status page.
    ///   - onFailure: called when a part of the worker has failed, while the others are still stopping.
    /// - Throws: `ConfigurationError` if a part cannot be created as configured.
    package init(
        _ configuration: WorkerConfiguration, extensions: Extensions = .none, metrics: PrometheusMetrics? = nil,
        problems: RecentProblems = RecentProblems(), logger: Logger,
        onFailure: @escaping @Sendable (any Error) -> Void = { _ in }
    ) async throws(ConfigurationError) {
        self.configuration = configuration
        self.extensions = extensions
        self.metrics = metrics
        self.problems = problems
        self.logger = logger
        self.onFailure = onFailure
        liveness = Liveness(logger: logger)
        keys = try await WorkerKeys(for: configuration, logger: logger)
        policyFile = try await PolicyFile(
            path: configuration.policyFile, name: configuration.name(of: .policyFile), logger: logger)
        callers = try await CallersFile(
            path: configuration.callersFile, name: configuration.name(of: .callersFile), logger: logger)
        redis = try configuration.redis()
        brokers = try configuration.brokers()
        topology = Topology(namespace: configuration.namespace)
        let worker = Self.nameOfLife()
        export = try TraceExport(configuration, instance: worker, logger: logger)
        tracer = export.map { CommandTracer($0.tracer) } ?? .installed
        let auditLog = try configuration.auditLog(keys.keyring, worker: worker, health: health, logger: logger)
        self.auditLog = auditLog
        audit = auditLog.map { AuditTrail(worker: worker, recordsReads: configuration.audit == .all, log: $0) }
    }

    /// Runs until graceful shutdown, and returns once all in-flight commands are finished or the drain time is over.
    /// Must be called only once.
    ///
    /// - Throws: `ConfigurationError` if the admin address is in use, an exchange or queue is missing, or a server
    ///   rejects the configured credentials.
    package func run() async throws {
        tellOfStart()
        // One for each lane, one for the revocation lane, one for the sweeper.
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: configuration.lanes + 2)
        liveness.start()
        defer { liveness.stop() }
        do {
            try await runParts(on: loops)
            await auditLog?.close()
        } catch {
            await auditLog?.close()
            try? await loops.shutdownGracefully()
            throw error
        }
        try await loops.shutdownGracefully()
        logger.info("the worker has stopped")
    }

    /// Re-reads the keyring, the policy file and the callers file now, which are also watched for changes, and continues the
    /// audit log in a new file if it was renamed.
    package func reload() async {
        await keys.reread()
        await policyFile.reread()
        await callers.reread()
        auditLog?.reopen()
    }

    private func runParts(on loops: MultiThreadedEventLoopGroup) async throws {
        let accessTokens = await WorkerAccessTokens(keys, configuration)
        let manager = SessionManager(
            tokens: TokenCodec(keyring: keys.keyring, namespace: configuration.namespace),
            factors: FactorCodec(keyring: keys.keyring, namespace: configuration.namespace), extensions: extensions)
        let policies = PoliciesInForce(handle: manager.policiesHandle, logger: logger) { [policyFile] in
            policyFile.policies
        }
        let parts = Parts(manager: manager, accessTokens: accessTokens, policies: policies, health: healthOfParts())
        let status = metrics.map {
            StatusReader(
                metrics: $0, health: health, liveness: liveness, problems: problems, namespace: configuration.namespace)
        }
        let gate = StartGate()
        let (redisStates, redisState) = AsyncStream.makeStream(
            of: RedisClientState.self, bufferingPolicy: .bufferingNewest(8))
        let sweeper = try makeSweeper(on: loops.next(), parts) { redisState.yield($0) }
        let (supervisors, clients) = try makeLanes(on: loops, parts)
        let checks = StartChecks(
            configuration: configuration, redis: sweeper.redis, redisStates: redisStates, store: sweeper.store,
            brokers: brokers, topology: TopologyDeclaration(topology), eventLoop: sweeper.eventLoop,
            health: health, logger: logger)
        let lanes = LanesService(
            supervisors, health: health, liveness: liveness, drainTime: DrainTime(seconds: configuration.drainSeconds),
            logger: logger
        ) {
            try await checks.run()
            for client in clients { client.start() }
            gate.open()
        }
        let admin = try await AdminServer.listen(
            at: configuration.adminAddress, named: configuration.name(of: .adminAddress),
            answering: AdminRoutes(
                health: health, metrics: metrics, liveness: liveness, keySet: { accessTokens.keySet }, status: status))
        logger.info("serving the admin endpoints", metadata: [LogKey.address: "\(admin.address)"])
        let background: [any Service] = [
            BackgroundService { [keys] in await keys.watch() },
            BackgroundService { await accessTokens.watch() },
            BackgroundService { [policyFile] in await policyFile.watch() },
            BackgroundService { [callers] in await callers.watch() },
            BackgroundService { [liveness] in await liveness.watchTasks() },
            BackgroundService { await status?.sample() },
            BackgroundService { [blocked] in
                while (try? await Task.sleep(for: .seconds(1))) != nil { blocked.advance() }
            },
            BackgroundService {
                if await gate.opened() { await policies.watch(sweeper.store) }
            },
            BackgroundService {
                if await gate.opened() { await sweeper.run() } else { await sweeper.redis.shutdown() }
            },
        ]
        let traced: [any Service] = background + [lanes]
        let services = ([admin] + (export.map { [$0] } ?? []) + traced).map {
            ServiceGroupConfiguration.ServiceConfiguration(service: EssentialService(service: $0, onFailure: onFailure))
        }
        try await ServiceGroup(configuration: ServiceGroupConfiguration(services: services, logger: logger)).run()
    }

    private func tellOfStart() {
        logger.info("the worker is starting", metadata: [LogKey.configuration: "\(configuration)"])
        if configuration.callersFile == nil {
            logger.warning(
                """
                no callers file: any user who can publish may send every command, and callers without a user_id share one \
                namespace of message ids, so that one can receive another's results
                """)
        }
        if !extensions.names.isEmpty {
            logger.info("extension rules and factors loaded", metadata: [LogKey.names: "\(extensions.names)"])
        }
        for setting in configuration.withoutTLS {
            logger.warning(
                "connecting to a remote server without TLS: anyone on the network path can read and modify all traffic",
                metadata: [LogKey.names: "\(setting)"])
        }
    }
}
