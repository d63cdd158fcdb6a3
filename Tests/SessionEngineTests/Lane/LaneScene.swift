import AMQPNIO
import Logging
import NIOCore
import SessionContract
import SessionCore
import SessionCrypto
import SessionStorage
import TestSupport
import Testing

@testable import SessionEngine

/// A lane without a server, a thread or a clock: the test supplies the events and sees the actions. What a test does
/// not answer itself, the in-memory store and a broker that accepts everything do.
final class LaneScene {
    private static let keyring = Keyring.generate(at: Timestamp(milliseconds: 0))
    private static let moment = Timestamp(milliseconds: 1_800_000_000_000)

    private var lane: LaneState
    private var traces: LaneTraces
    /// The lane's outstanding actions, in order.
    private(set) var actions: [LaneAction] = []
    private(set) var acknowledged: [LaneAcknowledgement] = []
    /// What was acknowledged or put back, in order, as texts.
    private(set) var settled: [String] = []
    private(set) var published: [AMQPMessage] = []
    private(set) var reports: [LaneReport] = []
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    let store = InMemorySessionStore(inboxSeconds: 60) { LaneScene.moment }
    private var lastTag: [Topology.CommandQueue: UInt64] = [:]

    /// Access tokens that all look the same, and of which none is valid.
    private struct SameAccessTokens: AccessTokenScheme {
        struct Unsigned: Error {}

        let fails: Bool

        func sign(_ claims: AccessTokenClaims) throws(Unsigned) -> Secret {
            if fails { throw Unsigned() }
            return Secret("a.b.c")
        }

        func read(_ text: String) async -> PresentedAccessToken? { nil }
    }

    /// The test answers what the lane wants recorded.
    private struct NoAuditLog: AuditLog {
        func record(_ records: [AuditRecord], onRecorded: @escaping @Sendable () -> Void) {}
    }

    /// - Parameters:
    ///   - heldBytes: the lane's in-flight limit.
    ///   - signs: whether access tokens can be signed.
    ///   - isAudited: whether everything is recorded.
    static func parts(
        heldBytes: Int, signs: Bool = true, isAudited: Bool = false, tracer: CommandTracer? = nil
    ) -> LaneState.Parts {
        let tokens = TokenCodec(keyring: keyring, namespace: "n")
        let manager = SessionManager(tokens: tokens, factors: FactorCodec(keyring: keyring, namespace: "n"))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return LaneState.Parts(
            reader: DeliveryReader(
                commands: CommandReader(maxBodyBytes: 65536, tokens: tokens),
                hash: KeyedHash(keyring: keyring, namespace: "n"), namespace: "n",
                unknownCommands: QuarantineAllowance(logger: logger)),
            decider: CommandDecider(
                manager: manager, accessTokens: SameAccessTokens(fails: !signs), namespace: "n",
                resultNames: ResultNames(), logger: logger, policies: { PolicyCatalogue() }),
            outgoing: OutgoingMessages(
                namespace: "n", sealers: SealerSource(keyring: keyring, namespace: "n", at: moment),
                audit: isAudited ? AuditTrail(worker: "w", recordsReads: true, log: NoAuditLog()) : nil),
            queues: [.validate, .manage], namespace: "n", limits: LaneBacklog.Limits(heldBytes: heldBytes),
            tracer: tracer, wallClock: { moment })
    }

    /// - Parameters:
    ///   - heldBytes: the lane's in-flight limit.
    ///   - signs: whether access tokens can be signed.
    ///   - isAudited: whether everything is recorded.
    init(heldBytes: Int = 1 << 20, signs: Bool = true, isAudited: Bool = false, tracer: CommandTracer? = nil) {
        let parts = Self.parts(heldBytes: heldBytes, signs: signs, isAudited: isAudited, tracer: tracer)
        traces = LaneTraces(tracer)
        lane = LaneState(parts, random: SeededRandom(seed: 1))
        lane.begin(into: &actions)
    }

    /// A lane that has its consumers.
    static func serving(
        heldBytes: Int = 1 << 20, signs: Bool = true, isAudited: Bool = false, tracer: CommandTracer? = nil
    ) -> LaneScene {
        let scene = LaneScene(heldBytes: heldBytes, signs: signs, isAudited: isAudited, tracer: tracer)
        scene.actions = []
        scene.happens(.consuming)
        return scene
    }

    func happens(_ event: LaneEvent) {
        traces.record(event)
        lane.handle(event, now: now, into: &actions)
        sortOut()
    }

    /// Forgets the lane, as its driver does once it has finished.
    func drop() {
        lane = LaneState(Self.parts(heldBytes: 1))
        reports = []
        actions = []
    }

    func pass(seconds: Int64) {
        now = now + .seconds(seconds)
    }

    /// Actions that need no answer are only recorded.
    private func sortOut() {
        actions.removeAll { action in
            switch action {
            case .acknowledge(let acknowledgements):
                acknowledged += acknowledgements
                settled += acknowledgements.map { "acknowledged \($0.tag)" }
            case .putBack(let deliveries): settled += deliveries.map { "back \($0.tag)" }
            case .report(let report):
                reports.append(report)
                traces.record(report)
            default: return false
            }
            return true
        }
    }

    /// The lane's outstanding actions as texts.
    var wanted: [String] { actions.map(\.word) }

    /// Removes the first action that `match` accepts.
    func take<Value>(_ match: (LaneAction) -> Value?) throws -> Value {
        for (place, action) in actions.enumerated() {
            guard let value = match(action) else { continue }
            actions.remove(at: place)
            return value
        }
        throw Unwanted(wanted: wanted)
    }

    /// The lane requested something else.
    struct Unwanted: Error {
        let wanted: [String]
    }

    // MARK: - Deliveries

    func deliver(_ messages: [Message], from queue: Topology.CommandQueue = .manage) {
        happens(
            .delivered(
                messages.map { message in
                    lastTag[queue, default: 0] += 1
                    return message.delivery(tag: lastTag[queue, default: 0])
                }, from: queue))
    }

    struct Message {
        var command = "session.create"
        var body = #"{"subject":"alice"}"#
        var id: String
        var isRedelivered = false
        var headers: AMQPTable?

        fileprivate func delivery(tag: UInt64) -> AMQPDelivery {
            AMQPDelivery(
                consumerTag: "", deliveryTag: tag, redelivered: isRedelivered, exchange: "n.commands",
                routingKey: command, properties: AMQPProperties(headers: headers, messageID: id),
                body: Array(body.utf8),
                bodySize: UInt64(body.utf8.count))
        }
    }

    // MARK: - Answers

    /// Answers how often commands were delivered before, as the store counts.
    func count(_ counts: [Int64]) throws {
        let id = try take { if case .countDeliveries(let id, _) = $0 { id } else { nil } }
        happens(.counted(id, .success(counts)))
    }

    /// Loads from the in-memory store.
    func load() async throws {
        let (id, requests, budget) = try take { action in
            if case .load(let id, let requests, let budget) = action { (id, requests, budget) } else { nil }
        }
        happens(.loaded(id, await store.answer(to: requests, budget: budget)))
    }

    /// Answers that no requested aggregate can be read.
    func loadUnreadable(_ kind: DamagedRecord.Kind) throws {
        let (id, requests) = try take { action in
            if case .load(let id, let requests, _) = action { (id, requests) } else { nil }
        }
        let damage = DamagedRecord(key: "a", reason: "test", kind)
        let damaged = requests.map { _ in LoadedAggregate(state: .damaged(damage)) }
        happens(.loaded(id, .success(Loaded(now: Self.moment, aggregates: damaged))))
    }

    func failToLoad(_ error: StoreError) throws {
        let id = try take { if case .load(let id, _, _) = $0 { id } else { nil } }
        happens(.loaded(id, .failure(error)))
    }

    /// Commits to the in-memory store.
    func commit() async throws {
        let (id, commits) = try take { if case .commit(let id, let commits) = $0 { (id, commits) } else { nil } }
        happens(.committed(id, await store.answer(to: commits)))
    }

    func answerCommit(_ result: CommitResult) throws {
        let (id, commits) = try take { if case .commit(let id, let commits) = $0 { (id, commits) } else { nil } }
        happens(.committed(id, .success(commits.map { _ in result })))
    }

    /// Records the first waiting batch.
    ///
    /// - Returns: the records, each as a JSON object.
    @discardableResult
    func record() throws -> [JSONObject] {
        let (id, records) = try take { if case .record(let id, let records) = $0 { (id, records) } else { nil } }
        happens(.recorded(id))
        return try records.map { record in
            guard case .object(let object) = try JSONReader.read(record.json + Array("}".utf8)) else {
                throw Unwanted(wanted: [])
            }
            return object
        }
    }

    /// Publishes the first waiting batch, with the same outcome for everything on `exchange`; the rest is confirmed.
    func publish(
        _ outcome: AMQPPublishOutcome = .confirmed, to exchange: String? = nil, isChannelOpen: Bool = true
    ) throws {
        let (id, messages) = try take { action in
            if case .publish(let id, let messages, _) = action { (id, messages) } else { nil }
        }
        let outcomes = messages.map { exchange == nil || $0.exchange == exchange ? outcome : .confirmed }
        published += zip(messages, outcomes).filter { $1 == .confirmed }.map(\.0)
        happens(.published(id, outcomes, isChannelOpen: isChannelOpen))
    }

    func offer(_ outcome: AMQPPublishOutcome) throws {
        let (id, messages) = try take { action in
            if case .offer(let id, let messages) = action { (id, messages) } else { nil }
        }
        happens(.offered(id, messages.map { _ in outcome }, isChannelOpen: true))
    }

    func clear() async throws {
        let (id, references) = try take { action in
            if case .clear(let id, let references) = action { (id, references) } else { nil }
        }
        try await store.clear(references)
        happens(.cleared(id))
    }

    @discardableResult
    func fireTimer() throws -> LaneTimer {
        let timer = try take { if case .startTimer(let timer, _) = $0 { timer } else { nil } }
        happens(.timerFired(timer))
        return timer
    }

    /// How the lane ended; `nil` if it did not.
    var end: (any Error)?? {
        for action in actions { if case .finished(let error) = action { return .some(error) } }
        return nil
    }
}

extension LaneAction {
    var word: String {
        switch self {
        case .consume: "consume"
        case .cancelConsumers: "cancel"
        case .pauseReading(let isPaused): isPaused ? "pause" : "read"
        case .record: "record"
        case .publish: "publish"
        case .offer: "offer"
        case .acknowledge: "acknowledge"
        case .putBack: "put back"
        case .close: "close"
        case .countDeliveries: "count"
        case .verify: "verify"
        case .load: "load"
        case .commit: "commit"
        case .release: "release"
        case .clear: "clear"
        case .startTimer: "timer"
        case .enterGate: "enter"
        case .leaveGate: "leave"
        case .report: "report"
        case .finished: "finished"
        }
    }
}
