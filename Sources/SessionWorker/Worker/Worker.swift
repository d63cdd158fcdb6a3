import AMQPConnection
import Logging
import Metrics
import NIOCore
import NIOPosix
import RedisConnection
import ServiceLifecycle
import SessionContract
package import SessionCore
import SessionCrypto
import SessionStore
import UnixSignals

/// A worker: lanes, sweeper, policies and admin endpoints, put together from a configuration.
package struct Worker {
    private let configuration: WorkerConfiguration
    private let logger = Logger(label: "sojourn")
    private let keys: WorkerKeys
    private let policyFile: PolicyFile
    private let callers: CallersFile
    private let redis: RedisConfiguration
    private let brokers: BrokerConnector
    private let topology: Topology
    private let health = HealthState(waitingFor: ["redis", "rabbitmq"])
    private let resultNames = ResultNames()
    private let extensions: Extensions

    /// - Parameter extensions: the rules and factors of the package that this worker is built into.
    /// - Throws: `ConfigurationError` where a part cannot be made as it was asked for.
    package init(
        _ configuration: WorkerConfiguration, extensions: Extensions = .none
    ) throws(ConfigurationError) {
        self.configuration = configuration
        self.extensions = extensions
        keys = try WorkerKeys(for: configuration, logger: logger)
        policyFile = try PolicyFile(
            path: configuration.policyFile, name: configuration.name(of: .policyFile), logger: logger)
        callers = try CallersFile(
            path: configuration.callersFile, name: configuration.name(of: .callersFile), logger: logger)
        redis = try configuration.redis()
        brokers = BrokerConnector(configurations: try configuration.brokers(), logger: logger)
        topology = Topology(namespace: configuration.namespace)
    }

    /// Runs until SIGTERM or SIGINT, and returns when it has finished what it had; a second SIGINT ends the process.
    ///
    /// - Throws: `ConfigurationError` where something of the topology is missing, or the admin address is taken.
    package func run() async throws {
        let metrics = PrometheusMetrics(help: MetricHelp.texts)
        MetricsSystem.bootstrap(metrics)
        logger.info("the worker starts", metadata: [LogKey.configuration: "\(configuration)"])
        if configuration.callersFile == nil {
            logger.warning(
                """
                there is no callers file: whoever may publish may send every command, and those who give no user_id share \
                one space of message ids, so that one can get the results of another
                """)
        }
        if !extensions.names.isEmpty {
            logger.info("rules and factors were added", metadata: [LogKey.names: "\(extensions.names)"])
        }
        // One for each lane, one for the lane of revocations, one for the sweeper.
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: configuration.lanes + 2)
        let accessTokens = await WorkerAccessTokens(keys, configuration)
        let manager = SessionManager(
            tokens: TokenCodec(keyring: keys.keyring, namespace: configuration.namespace),
            factors: FactorCodec(keyring: keys.keyring, namespace: configuration.namespace), extensions: extensions)
        let policies = PoliciesInForce(file: policyFile, handle: manager.policiesHandle, logger: logger)
        let parts = Parts(manager: manager, accessTokens: accessTokens, policies: policies)
        let lanes = try makeLanes(on: loops, parts)
        let sweeper = try makeSweeper(on: loops.next(), parts)
        if configuration.topology == .check { try await checkTopology(on: loops.next()) }

        let admin = AdminServer(
            address: configuration.adminAddress, health: health, metrics: metrics,
            isAlive: { lanes.isRunning }, keySet: { accessTokens.keySet },
            onListening: { [logger] address in
                logger.info("the admin endpoints answer", metadata: [LogKey.address: "\(address)"])
            })
        let background = [
            BackgroundService { [keys] in await keys.watch() },
            BackgroundService { await accessTokens.watch() },
            BackgroundService { [policyFile] in await policyFile.watch() },
            BackgroundService { [callers] in await callers.watch() },
            BackgroundService { await policies.watch(sweeper.store) },
            BackgroundService { await sweeper.run() },
        ]
        var services = ServiceGroupConfiguration(
            services: [admin] + background + [lanes], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // The lanes keep to the time themselves; this is for what should not take any.
        services.maximumGracefulShutdownDuration = .seconds(configuration.drainSeconds + 5)
        let secondInterrupt = Task { [logger] in await SecondInterrupt(logger: logger).wait() }
        defer { secondInterrupt.cancel() }
        try await ServiceGroup(configuration: services).run()
        try await loops.shutdownGracefully()
        logger.info("the worker has stopped")
    }
}

// MARK: - The parts

extension Worker {
    /// What all lanes and the sweeper share.
    private struct Parts {
        let manager: SessionManager
        let accessTokens: WorkerAccessTokens
        let policies: PoliciesInForce
    }

    private func makeLanes(on loops: MultiThreadedEventLoopGroup, _ parts: Parts) throws -> LanesService {
        let count = configuration.lanes + 1
        let health = LaneHealth(
            redis: SharedHealth(of: "redis", parts: count, in: health),
            broker: SharedHealth(of: "rabbitmq", parts: count, in: health),
            writes: SharedHealth(of: "redis writes", in: health))
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
            lanes.append(try makeLane(plan, on: loops.next(), reader, health, parts))
        }
        // Revocations wait for nothing that other commands take up: they have connections, an event loop and room of their own.
        let revocations = LanePlan(
            number: configuration.lanes, name: "revocations", queues: [.revoke], heldBytes: Self.leastHeldBytes,
            gate: LargeSubjectGate())
        lanes.append(try makeLane(revocations, on: loops.next(), reader, health, parts))
        return LanesService(lanes, health: self.health, drainSeconds: configuration.drainSeconds, logger: logger)
    }

    /// What all lanes together may hold of commands that are not finished, in bytes; and each of them, at least.
    private static let heldBytes = 32 << 20
    private static let leastHeldBytes = 4 << 20

    private struct LanePlan {
        let number: Int
        let name: String
        let queues: [Topology.CommandQueue]
        let heldBytes: Int
        let gate: LargeSubjectGate
    }

    /// What lanes tell of their servers.
    private struct LaneHealth {
        let redis: SharedHealth
        let broker: SharedHealth
        let writes: SharedHealth
    }

    private func makeLane(
        _ plan: LanePlan, on loop: any EventLoop, _ reader: DeliveryReader, _ health: LaneHealth, _ parts: Parts
    ) throws -> LaneSupervisor {
        var logger = logger
        logger[metadataKey: LogKey.lane] = "\(plan.number)"
        let client = try makeClient(name: plan.name, on: loop, logger: logger) { state in
            health.redis.set(plan.number, to: state)
        }
        let name = "sojourn/\(configuration.namespace)/\(plan.name)"
        let lane = Lane(
            on: loop, name: name, queues: plan.queues, namespace: configuration.namespace, heldBytes: plan.heldBytes,
            number: plan.number,
            parts: Lane.Parts(
                reader: reader, processor: makeProcessor(over: client, parts, logger: logger), redis: client,
                outgoing: OutgoingMessages(namespace: configuration.namespace, sealers: keys.sealers),
                replies: ReplyPublisher(on: loop, connector: brokers, name: name, logger: logger),
                writes: health.writes,
                gate: plan.gate), logger: logger)
        return LaneSupervisor(
            lane, policies: parts.policies, connector: brokers, topology: TopologyDeclaration(topology: topology),
            configuration: configuration, health: health.broker, logger: logger)
    }

    private func makeSweeper(on loop: any EventLoop, _ parts: Parts) throws -> Sweeper {
        // Refused by Redis it would end no session and publish no event that was left: somebody has to see that.
        let redisHealth = SharedHealth(of: "redis of the sweeper", parts: 1, in: health)
        let client = try makeClient(name: "sweep", on: loop, logger: logger) { state in redisHealth.set(0, to: state) }
        let processor = makeProcessor(over: client, parts, logger: logger)
        return Sweeper(
            redis: client, store: processor.store, processor: processor, connector: brokers,
            outgoing: OutgoingMessages(namespace: configuration.namespace, sealers: keys.sealers), eventLoop: loop,
            owner: resultNames.next(), namespace: configuration.namespace, logger: logger)
    }

    private func makeClient(
        name: String, on loop: any EventLoop, logger: Logger,
        onStateChange: @escaping @Sendable (RedisClientState) -> Void
    ) throws(ConfigurationError) -> RedisClient {
        var redis = redis
        redis.clientName = "sojourn-\(configuration.namespace)-\(name)"
        do {
            let client = try RedisClient(
                redis, scripts: RedisSessionStore.scripts,
                probe: RedisSessionStore.probe(in: configuration.namespace), on: loop, logger: logger,
                onStateChange: onStateChange)
            client.start()
            return client
        } catch {
            throw ConfigurationError(
                .invalidValue, "SOJOURN_REDIS_URL", "cannot be used", remedy: error.message)
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
            store: store, manager: parts.manager, accessTokens: parts.accessTokens, namespace: configuration.namespace,
            resultNames: resultNames, logger: logger, policies: { parts.policies.catalogue })
    }

    private func checkTopology(on loop: any EventLoop) async throws {
        let connection = try await connectPatiently(name: "sojourn/\(configuration.namespace)/check", on: loop)
        let missing = try await TopologyDeclaration(topology: topology).missing(over: connection)
        await connection.close()
        guard missing.isEmpty else {
            throw ConfigurationError(
                .missingTopology, "RabbitMQ", "lacks \(missing.joined(separator: ", "))",
                remedy: "import the output of `sojourn topology`, or set SOJOURN_TOPOLOGY=declare")
        }
    }
}

extension Worker {
    /// Connects to a broker, however long that takes.
    private func connectPatiently(name: String, on loop: any EventLoop) async throws -> AMQPConnection {
        var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(10))
        var random = SystemRandomNumberGenerator()
        while true {
            do throws(AMQPError) {
                return try await brokers.connect(name: name, on: loop)
            } catch {
                let delay = backoff.next(using: &random)
                logger.warning(
                    "no RabbitMQ to check the topology of: the worker tries again",
                    metadata: [LogKey.reason: "\(error)", LogKey.nextAttemptMs: "\(delay.wholeMilliseconds)"])
                try await Task.sleep(for: delay)
            }
        }
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
