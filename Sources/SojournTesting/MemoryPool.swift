import AMQPNIO
import FoundationEssentials
import Logging
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine
import SessionStorage
import SojournClient
import Synchronization

/// The worker of an ``InMemorySojourn``. It carries out one command after the other, so that events come in order.
actor MemoryPool {
    /// The wall clock, and as much as a test has let pass.
    private final class Clock: Sendable {
        private let passed = Mutex<Int64>(0)

        var now: Timestamp {
            Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000) + passed.withLock { $0 })
        }

        func advance(by duration: Duration) {
            passed.withLock { $0 += Int64(duration / .milliseconds(1)) }
        }
    }

    nonisolated let exchange = MemoryExchange()
    private let clock: Clock
    private let store: InMemorySessionStore
    private let reader: DeliveryReader
    private let policies: PoliciesInForce
    private let processor: CommandProcessor<InMemorySessionStore>
    private let logger = Logger(label: "sojourn.testing") { _ in SwiftLogNoOpLogHandler() }
    private var failure: SojournError?
    /// What is under way, or was last.
    private var last: Task<Void, Never>?

    init(keyring: Keyring, accessTokens: AccessTokens, policies catalogue: PolicyCatalogue, namespace: String) {
        let clock = Clock()
        let tokens = TokenCodec(keyring: keyring, namespace: namespace)
        let manager = SessionManager(tokens: tokens, factors: FactorCodec(keyring: keyring, namespace: namespace))
        let policies = PoliciesInForce(handle: manager.policiesHandle, logger: logger) { catalogue }
        self.clock = clock
        self.policies = policies
        store = InMemorySessionStore(inboxSeconds: 3600) { clock.now }
        reader = DeliveryReader(
            commands: CommandReader(maxBodyBytes: 65536, tokens: tokens),
            hash: KeyedHash(keyring: keyring, namespace: namespace), namespace: namespace,
            unknownCommands: QuarantineAllowance(logger: logger))
        processor = CommandProcessor(
            store: store,
            decider: CommandDecider(
                manager: manager, accessTokens: accessTokens, namespace: namespace, resultNames: ResultNames(),
                logger: logger, policies: { policies.catalogue }))
    }

    func fail(with error: SojournError?) { failure = error }

    func send(_ command: String, body: [UInt8], id: String?) async throws -> [UInt8] {
        if let failure { throw failure }
        let work = reader.read(
            AMQPDelivery(
                consumerTag: "", deliveryTag: 1, redelivered: false, exchange: "", routingKey: command,
                properties: AMQPProperties(messageID: id ?? UUID().uuidString), body: body,
                bodySize: UInt64(body.count)))
        return try await inTurn { pool in try await pool.carryOut(work) }
    }

    func advance(by duration: Duration) async throws {
        clock.advance(by: duration)
        try await inTurn { pool in try await pool.sweep(Reaper()) }
    }

    private func carryOut(_ work: Work) async throws -> [UInt8] {
        let completion = try await processor.process([work])[0]
        _ = await exchange.publish(completion.events.map(\.event))
        try await store.clear(completion.events.map(\.reference))
        try await policies.refresh(from: store)
        _ = try await RevocationDrain(
            store: store, processor: processor, publisher: exchange, owner: "testing", logger: logger
        ).run { _, walk in try await walk() }
        return completion.result.reply
    }

    private func sweep(_ pass: some SweepPass) async throws {
        let driver = SweepDriver(store: store, processor: processor, publisher: exchange, owner: "testing")
        var memory = SweepMemory(logger: logger)
        for partition in Partition.all { try await driver.run(pass, through: partition, &memory) }
    }

    /// Runs one task after the other, however many callers there are.
    private func inTurn<Value: Sendable>(
        _ body: @escaping @Sendable (MemoryPool) async throws -> Value
    ) async throws -> Value {
        let before = last
        let task = Task {
            await before?.value
            return try await body(self)
        }
        last = Task { _ = try? await task.value }
        return try await task.value
    }
}
