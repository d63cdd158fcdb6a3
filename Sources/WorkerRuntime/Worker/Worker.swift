import AMQPNIO
import ConnectionSupport
import Logging
import Metrics
import NIOCore
import NIOPosix
import RedisNIO
import ServiceLifecycle
import SessionContract
package import SessionCore
import SessionCrypto
import SessionEngine
import SessionStorage

/// A worker: lanes, sweeper, policies and admin endpoints, assembled from a configuration.
package struct Worker {
    private let configuration: WorkerConfiguration
    private let logger = Logger(label: "sojourn")
    private let keys: WorkerKeys
    private let policyFile: PolicyFile
    private let callers: CallersFile
    private let redis: RedisConfiguration
    private let brokers: [AMQPConfiguration]
    private let topology: Topology
    private let health = HealthState(waitingFor: ["redis", "rabbitmq"])
    private let resultNames = ResultNames()
    private let extensions: Extensions

    /// - Parameter extensions: rules and factors added by the package that builds this worker.
    /// - Throws: `ConfigurationError` if a part cannot be created as configured.
    package init(
        _ configuration: WorkerConfiguration, extensions: Extensions = .none
    ) async throws(ConfigurationError) {
        self.configuration = configuration
        self.extensions = extensions
        keys = try await WorkerKeys(for: configuration, logger: logger)
        policyFile = try await PolicyFile(
            path: configuration.policyFile, name: configuration.name(of: .policyFile), logger: logger)
        callers = try await CallersFile(
            path: configuration.callersFile, name: configuration.name(of: .callersFile), logger: logger)
        redis = try configuration.redis()
        brokers = try configuration.brokers()
        topology = Topology(namespace: configuration.namespace)
    }

    /// Runs until SIGTERM or SIGINT, and returns once all in-flight commands are finished. A second SIGINT, or the end
    /// of the drain time, ends the process.
    ///
    /// - Throws: `ConfigurationError` if the admin address is in use, an exchange or queue is missing, or a server
    ///   rejects the configured credentials.
    package func run() async throws {
        ProcessProtection.forbidDumps()
        let metrics = PrometheusMetrics(help: MetricHelp.texts)
        MetricsSystem.bootstrap(metrics)
        let watchdog = Watchdog()
        // Signals are handled before the first line is logged and before there is a group to stop: an early one is not lost.
        let (stops, stop) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        // One pending reload covers all changes made before it is handled.
        let (reloads, reload) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let signals = handleSignals(watchdog, stop: { stop.yield() }, reload: { reload.yield() })
        defer { withExtendedLifetime(signals) {} }
        tellOfStart()
        try OpenFiles.provide(for: configuration)

        // One for each lane, one for the revocation lane, one for the sweeper.
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: configuration.lanes + 2)
        let accessTokens = await WorkerAccessTokens(keys, configuration)
        let manager = SessionManager(
            tokens: TokenCodec(keyring: keys.keyring, namespace: configuration.namespace),
            factors: FactorCodec(keyring: keys.keyring, namespace: configuration.namespace), extensions: extensions)
        let policies = PoliciesInForce(handle: manager.policiesHandle, logger: logger) { [policyFile] in
            policyFile.policies
        }
        let parts = Parts(manager: manager, accessTokens: accessTokens, policies: policies, health: healthOfParts())
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
            supervisors, health: health, drainTime: DrainTime(seconds: configuration.drainSeconds), logger: logger
        ) {
            try await checks.run()
            for client in clients { client.start() }
            gate.open()
        }

        let admin = try await AdminServer.listen(
            at: configuration.adminAddress, named: configuration.name(of: .adminAddress), health: health,
            metrics: metrics, isAlive: { lanes.isRunning },
            keySet: { accessTokens.keySet })
        logger.info("serving the admin endpoints", metadata: [LogKey.address: "\(admin.address)"])
        let background: [any Service] = [
            BackgroundService { [keys] in await keys.watch() },
            BackgroundService { await accessTokens.watch() },
            BackgroundService { [policyFile] in await policyFile.watch() },
            BackgroundService { [callers] in await callers.watch() },
            BackgroundService { [keys, policyFile, callers] in
                for await _ in reloads {
                    await keys.reread()
                    await policyFile.reread()
                    await callers.reread()
                }
            },
            BackgroundService {
                if await gate.opened() { await policies.watch(sweeper.store) }
            },
            BackgroundService {
                if await gate.opened() { await sweeper.run() } else { await sweeper.redis.shutdown() }
            },
        ]
        let services = ([admin] + background + [lanes]).map { service in
            ServiceGroupConfiguration.ServiceConfiguration(
                service: EssentialService(service: service, watchdog: watchdog))
        }
        let stopping = ServiceGroupConfiguration.ServiceConfiguration(
            service: StopService(stops: stops), successTerminationBehavior: .gracefullyShutdownGroup)
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(services: services + [stopping], logger: logger)
        ).run()
        try await loops.shutdownGracefully()
        logger.info("the worker has stopped")
        WorkerLogHandler.flush()
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

// MARK: - The parts

extension Worker {
    /// Shared by all lanes and the sweeper.
    private struct Parts {
        let manager: SessionManager
        let accessTokens: WorkerAccessTokens
        let policies: PoliciesInForce
        let health: PartsHealth
    }

    /// The servers' health as seen by each lane, and last by the sweeper.
    private struct PartsHealth {
        let redis: SharedHealth
        let broker: SharedHealth
        let writes: SharedHealth
    }

    /// After the lanes and the revocation lane.
    private var sweeperNumber: Int { configuration.lanes + 1 }

    private func healthOfParts() -> PartsHealth {
        PartsHealth(
            redis: SharedHealth(of: "redis", parts: sweeperNumber, in: health),
            broker: SharedHealth(of: "rabbitmq", parts: sweeperNumber + 1, in: health),
            writes: SharedHealth(of: "redis writes", in: health))
    }

    private func makeLanes(
        on loops: MultiThreadedEventLoopGroup, _ parts: Parts
    ) throws -> ([LaneSupervisor], [RedisClient]) {
        var clients: [RedisClient] = []
        let reader = DeliveryReader(
            commands: CommandReader(
                maxBodyBytes: configuration.maxBodyBytes, tokens: parts.manager.tokens,
                addedFactorKinds: extensions.factorKinds),
            hash: KeyedHash(keyring: keys.keyring, namespace: configuration.namespace),
            namespace: configuration.namespace, unknownCommands: QuarantineAllowance(logger: logger),
            permissions: { [callers] in callers.permissions })
        let gate = LargeSubjectGate()
        var lanes: [LaneSupervisor] = []
        for number in 0..<configuration.lanes {
            let plan = LanePlan(
                number: number, name: "lane-\(number)", queues: Topology.CommandQueue.others,
                heldBytes: max(Self.leastHeldBytes, Self.heldBytes / configuration.lanes), gate: gate)
            lanes.append(try makeLane(plan, on: loops.next(), reader, parts, &clients))
        }
        // Revocations must not wait for resources used by other commands: they have their own connections, event loop
        // and in-flight limit.
        let revocations = LanePlan(
            number: configuration.lanes, name: "revocations", queues: [.revoke], heldBytes: Self.leastHeldBytes,
            gate: LargeSubjectGate())
        lanes.append(try makeLane(revocations, on: loops.next(), reader, parts, &clients))
        return (lanes, clients)
    }

    /// Bytes of in-flight commands: the limit for all lanes together, and the minimum for each.
    private static let heldBytes = 32 << 20
    private static let leastHeldBytes = 4 << 20

    private struct LanePlan {
        let number: Int
        let name: String
        let queues: [Topology.CommandQueue]
        let heldBytes: Int
        let gate: LargeSubjectGate
    }

    private func makeLane(
        _ plan: LanePlan, on loop: any EventLoop, _ reader: DeliveryReader, _ parts: Parts,
        _ clients: inout [RedisClient]
    ) throws -> LaneSupervisor {
        var logger = logger
        logger[metadataKey: LogKey.lane] = "\(plan.number)"
        let client = try makeClient(name: plan.name, on: loop, logger: logger) { state in
            parts.health.redis.set(plan.number, to: state)
        }
        clients.append(client)
        let processor = makeProcessor(over: client, parts, logger: logger)
        let state = LaneState.Parts(
            reader: reader, decider: processor.decider,
            outgoing: OutgoingMessages(namespace: configuration.namespace, sealers: keys.sealers),
            queues: plan.queues, namespace: configuration.namespace,
            limits: LaneBacklog.Limits(heldBytes: plan.heldBytes))
        return LaneSupervisor(
            LaneSupervisor.Parts(
                name: "sojourn/\(configuration.namespace)/\(plan.name)", number: plan.number, redis: client,
                store: processor.store, policies: parts.policies,
                connector: BrokerConnector(configurations: brokers, logger: logger),
                topology: configuration.topology == .declare ? TopologyDeclaration(topology) : nil,
                prefetch: UInt16(configuration.prefetch), broker: parts.health.broker, writes: parts.health.writes),
            state: state, accessTokens: parts.accessTokens, gate: plan.gate, on: loop, logger: logger)
    }

    /// - Parameter onRedis: receives state changes of the sweeper's client, which is the first to connect.
    private func makeSweeper(
        on loop: any EventLoop, _ parts: Parts, onRedis: @escaping @Sendable (RedisClientState) -> Void
    ) throws -> Sweeper {
        let number = sweeperNumber
        // Reported separately: if Redis rejects the sweeper, sessions do not expire and unpublished events stay in the
        // outbox.
        let redisHealth = SharedHealth(of: "redis of the sweeper", parts: 1, in: health)
        let client = try makeClient(name: "sweep", on: loop, logger: logger) { state in
            redisHealth.set(0, to: state)
            onRedis(state)
        }
        let processor = makeProcessor(over: client, parts, logger: logger)
        return Sweeper(
            redis: client, store: processor.store, processor: processor,
            connector: BrokerConnector(configurations: brokers, logger: logger),
            outgoing: OutgoingMessages(namespace: configuration.namespace, sealers: keys.sealers), on: loop,
            owner: resultNames.next(), namespace: configuration.namespace,
            health: SweeperHealth(number: number, broker: parts.health.broker, state: health), logger: logger)
    }

    private func makeClient(
        name: String, on loop: any EventLoop, logger: Logger,
        onStateChange: @escaping @Sendable (RedisClientState) -> Void
    ) throws(ConfigurationError) -> RedisClient {
        var redis = redis
        redis.clientName = "sojourn-\(configuration.namespace)-\(name)"
        do {
            return try RedisClient(
                redis, scripts: RedisSessionStore.scripts,
                probe: RedisSessionStore.probe(in: configuration.namespace), on: loop, logger: logger,
                onStateChange: onStateChange)
        } catch {
            throw ConfigurationError(
                .invalidValue, configuration.name(of: .redisUrl), "cannot be used", remedy: error.message)
        }
    }

    private func makeProcessor(
        over client: RedisClient, _ parts: Parts, logger: Logger
    ) -> CommandProcessor<RedisSessionStore> {
        let store = RedisSessionStore(
            redis: client, namespace: configuration.namespace, sealers: keys.sealers,
            inboxSeconds: configuration.inboxSeconds, keyring: keys.keyring,
            refreshKeys: { [keys] in await keys.refresh(for: .record) })
        return CommandProcessor(
            store: store,
            decider: CommandDecider(
                manager: parts.manager, namespace: configuration.namespace, resultNames: resultNames, logger: logger,
                policies: { parts.policies.catalogue }), accessTokens: parts.accessTokens)
    }
}

extension SharedHealth {
    fileprivate func set(_ part: Int, to state: RedisClientState) {
        switch state {
        case .connected: isUp(part)
        case .idle, .connecting: break
        case .disconnected(let error, nextAttempt: _): isDown(part, because: error.message)
        case .shutDown: isDown(part, because: "stopped")
        }
    }
}
