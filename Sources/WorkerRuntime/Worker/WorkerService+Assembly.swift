import AMQPNIO
import ConnectionSupport
import LogMetadata
import Logging
import NIOCore
import NIOPosix
import RedisNIO
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine
import SessionStorage

extension WorkerService {
    /// Shared by all lanes and the sweeper.
    struct Parts {
        let manager: SessionManager
        let accessTokens: WorkerAccessTokens
        let policies: PoliciesInForce
        let health: PartsHealth
    }

    /// The servers' health as seen by each lane, and last by the sweeper.
    struct PartsHealth {
        let redis: SharedHealth
        let broker: SharedHealth
        let writes: SharedHealth
    }

    /// After the lanes and the revocation lane.
    private var sweeperNumber: Int { configuration.lanes + 1 }

    func healthOfParts() -> PartsHealth {
        PartsHealth(
            redis: SharedHealth(of: "redis", parts: sweeperNumber, in: health),
            broker: SharedHealth(of: "rabbitmq", parts: sweeperNumber + 1, in: health),
            writes: SharedHealth(of: "redis writes", in: health))
    }

    func makeLanes(
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
        liveness.watch(plan.name, on: loop)
        var logger = logger
        logger[metadataKey: LogKey.lane] = "\(plan.number)"
        let client = try makeClient(name: plan.name, on: loop, logger: logger) { state in
            parts.health.redis.set(plan.number, to: state, because: \.message)
        }
        clients.append(client)
        let state = LaneState.Parts(
            reader: reader, decider: makeDecider(parts, logger: logger),
            outgoing: OutgoingMessages(namespace: configuration.namespace, sealers: keys.sealers, audit: audit),
            queues: plan.queues, namespace: configuration.namespace,
            limits: LaneBacklog.Limits(heldBytes: plan.heldBytes), tracer: tracer)
        return LaneSupervisor(
            LaneSupervisor.Parts(
                name: "sojourn/\(configuration.namespace)/\(plan.name)", lane: plan.name, number: plan.number,
                redis: client,
                store: makeStore(over: client), policies: parts.policies,
                connector: BrokerConnector(configurations: brokers, logger: logger, onAlarm: blocked.change),
                topology: configuration.topology == .declare ? TopologyDeclaration(topology) : nil,
                prefetch: UInt16(configuration.prefetch), broker: parts.health.broker, writes: parts.health.writes,
                audit: audit),
            state: state, gate: plan.gate, on: loop, logger: logger)
    }

    /// - Parameter onRedis: receives state changes of the sweeper's client, which is the first to connect.
    func makeSweeper(
        on loop: any EventLoop, _ parts: Parts, onRedis: @escaping @Sendable (RedisClientState) -> Void
    ) throws -> Sweeper {
        liveness.watch("sweep", on: loop)
        let number = sweeperNumber
        // Reported separately: if Redis rejects the sweeper, sessions do not expire and unpublished events stay in the
        // outbox.
        let redisHealth = SharedHealth(of: "redis of the sweeper", parts: 1, in: health)
        let client = try makeClient(name: "sweep", on: loop, logger: logger) { state in
            redisHealth.set(0, to: state, because: \.message)
            onRedis(state)
        }
        let store = makeStore(over: client)
        return Sweeper(
            redis: client, store: store,
            processor: CommandProcessor(store: store, decider: makeDecider(parts, logger: logger)),
            connector: BrokerConnector(configurations: brokers, logger: logger, onAlarm: blocked.change),
            outgoing: OutgoingMessages(namespace: configuration.namespace, sealers: keys.sealers, audit: audit),
            on: loop,
            owner: resultNames.next(), namespace: configuration.namespace,
            health: SweeperHealth(number: number, broker: parts.health.broker, state: health), tracer: tracer,
            logger: logger)
    }

    private func makeClient(
        name: String, on loop: any EventLoop, logger: Logger,
        onStateChange: @escaping @Sendable (RedisClientState) -> Void
    ) throws(ConfigurationError) -> RedisClient {
        var redis = redis
        redis.clientName = "sojourn-\(configuration.namespace)-\(name)"
        let connection = ConnectionMetrics(to: "redis", of: name)
        do {
            return try RedisClient(
                redis, scripts: RedisSessionStore.scripts,
                probe: RedisSessionStore.probe(in: configuration.namespace), on: loop, logger: logger,
                onStateChange: {
                    connection.record($0)
                    onStateChange($0)
                })
        } catch {
            throw ConfigurationError(
                .invalidValue, configuration.name(of: .redisUrl), "cannot be used", remedy: error.message)
        }
    }

    private func makeStore(over client: RedisClient) -> RedisSessionStore {
        RedisSessionStore(
            redis: client, namespace: configuration.namespace, sealers: keys.sealers,
            inboxSeconds: configuration.inboxSeconds, keyring: keys.keyring,
            refreshKeys: { [keys] in await keys.refresh(for: .record) })
    }

    private func makeDecider(_ parts: Parts, logger: Logger) -> CommandDecider {
        let entropy = EntropyPool()
        return CommandDecider(
            manager: parts.manager, accessTokens: parts.accessTokens, namespace: configuration.namespace,
            resultNames: resultNames, logger: logger, policies: { parts.policies.catalogue },
            makeRandom: { entropy })
    }
}
