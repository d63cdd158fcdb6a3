import AMQPNIO
import Logging
import SessionContract
import SessionCore
import SessionCrypto
import SessionStorage
import TestSupport

/// One installation in virtual time, derived from one seed: broker, Redis, workers and clients on one thread, and the
/// checker that observes them.
final class World {
    static let namespace = "sim"
    static let silent = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
    /// The same keys in every run, so that a seed depends on nothing else.
    private static let keyring: Keyring = {
        let key = String(repeating: "A", count: 43)
        let json =
            #"{"version":1,"root":"\#(key)","current":"00000001","keys":[{"id":"00000001","secret":"\#(key)","createdAt":"2026-01-01T00:00:00.000Z"}]}"#
        do { return try Keyring(json: Array(json.utf8)) } catch {
            preconditionFailure("the keyring must be valid: \(error)")
        }
    }()
    private static let sharedManager = SessionManager(
        tokens: TokenCodec(keyring: keyring, namespace: namespace),
        factors: FactorCodec(keyring: keyring, namespace: namespace))
    private static let sharedHash = KeyedHash(keyring: keyring, namespace: namespace)

    let seed: UInt64
    var random: SeededRandom
    let agenda = Agenda()
    private(set) var broker: SimulatedBroker!
    private(set) var redis: SimulatedRedis!
    private(set) var client: SimulatedClient!
    private(set) var workers: [SimulatedWorker] = []
    var manager: SessionManager { Self.sharedManager }
    var hash: KeyedHash { Self.sharedHash }
    private static let sharedSealers = SealerSource(
        keyring: keyring, namespace: namespace, at: Timestamp(milliseconds: 0))
    var sealers: SealerSource { Self.sharedSealers }

    var policy = SessionPolicy()
    var policies: PolicyCatalogue { PolicyCatalogue(["default": policy]) }
    /// The prefetch of a queue.
    var prefetch = 10
    /// A lane's in-flight limit in bytes.
    var heldBytes = 1 << 20
    /// A subject with so many sessions counts as a large one.
    var largeFrom = Int.max
    /// Whether clients send again what they may.
    var retries = true
    /// Whether messages take no time, so that only their order is chosen.
    var isInstant = false
    /// Whether what a lane was told before its batch counts as forgotten (see `Schedule.digest`).
    var mergesBatches = true
    /// Whether what is observed may have happened, or may not.
    private(set) var isUncertain = false
    /// The mean latency of a message in microseconds.
    private var meanLatency = 1000

    var faults = FaultPlan()
    private(set) var matrix = FaultMatrix()
    /// When the last fault ended.
    private(set) var lastFault = 0
    /// Chooses which of `count` consumers gets a message.
    var chooseConsumer: ((Int) -> Int)?
    /// Whether workers sweep and keep polling policies.
    var sweeps = true
    /// Called at every step instead of the plan if faults are explored.
    var onStep: ((PipelineStep, SimulatedWorker) -> FaultKind?)?

    private(set) var checker = Checker()
    /// The limits on sessions that were set, with when each was.
    private var limits: [(limit: Int, since: Int)] = []
    var onObservation: ((Observation) -> Void)?
    private(set) var history: [String] = []
    /// What clients and consumers saw, if that is recorded.
    private(set) var recorded: RecordedHistory?
    private let isVerbose: Bool
    /// Message ids by the keys under which the store knows them.
    private(set) var messageIDs: [String: String] = [:]
    /// What events are told by, since their ids are drawn: their subject, and their number there.
    private var eventNames: [String: Digest] = [:]
    private var lives = 0
    private var lanes: [Int: Int] = [:]
    private var connections: [Int: Int] = [:]

    init(seed: UInt64, isVerbose: Bool = false) {
        self.seed = seed
        self.isVerbose = isVerbose
        random = SeededRandom(seed: seed)
        agenda.isVerbose = isVerbose
        broker = SimulatedBroker(self)
        redis = SimulatedRedis(self)
        client = SimulatedClient(self)
    }

    /// Records the run for the judge of recorded histories.
    func record() {
        recorded = RecordedHistory()
        recorded?.begin(limit: policy.maxSessions)
    }

    func startWorkers(_ count: Int) {
        workers = (1...count).map { SimulatedWorker($0, in: self) }
        for worker in workers { worker.start() }
    }

    func drawLatency() {
        meanLatency = [200, 1_000, 20_000][Int.random(in: 0..<3, using: &random)]
    }

    /// Breaks the reference cycles.
    func tearDown() {
        agenda.removeAll()
        onStep = nil
        chooseConsumer = nil
        onObservation = nil
        for worker in workers { worker.tearDown() }
        workers = []
        broker = nil
        redis = nil
        client = nil
    }

    func nextLife() -> Int {
        lives += 1
        return lives
    }

    /// A number for a lane of a worker's life; independent of what other workers do.
    func nextLane(of life: Int) -> Int {
        lanes[life, default: 0] += 1
        return life * 100 + lanes[life, default: 0]
    }

    func nextConnection(of life: Int) -> Int {
        connections[life, default: 0] += 1
        return life * 1000 + connections[life, default: 0]
    }

    // MARK: - Randomness

    func flip() -> Bool { isInstant || Bool.random(using: &random) }

    /// The latency of a message: usually around the mean, occasionally ten times as much.
    func latency() -> Int {
        if isInstant { return 0 }
        let mean = Int.random(in: 0..<16, using: &random) == 0 ? 10 * meanLatency : meanLatency
        return Int.random(in: mean / 2...2 * mean, using: &random)
    }

    func pause(_ range: ClosedRange<Int>) -> Int {
        isInstant ? range.lowerBound : Int.random(in: range, using: &random)
    }

    // MARK: - Observations

    func note(_ text: @autoclosure () -> String) {
        guard isVerbose else { return }
        let milliseconds = String(agenda.now / 1000)
        history.append(String(repeating: " ", count: max(0, 9 - milliseconds.count)) + milliseconds + " ms  " + text())
    }

    func observe(_ observation: Observation) {
        let before = checker.violations.count
        checker.observe(observation)
        onObservation?(observation)
        recorded?.now = agenda.now
        recorded?.observe(observation)
        guard isVerbose else { return }
        switch observation {
        case .committed(let commit):
            note("commit \(commit.number) of lane \(commit.lane): \(commit.messages) \(commit.events.map(\.id))")
        case .acknowledged(let number, let lane): note("lane \(lane) acknowledges message \(number)")
        case .cleared(let events): note("cleared from the outbox: \(events)")
        case .taken(let publication): note("the broker accepts \(Self.brief(publication))")
        case .protocolError(let text), .leaked(let text): note(text)
        case .sent, .delivered, .told, .lost, .confirmed, .answered, .replyLost: break
        }
        for violation in checker.violations[before...] { note("*** \(violation)") }
    }

    /// Observes what may have happened, or may not: whatever must not happen counts, and whatever must happen does not.
    func uncertainly(_ action: () -> Void) {
        isUncertain = true
        checker.isUncertain = true
        action()
        isUncertain = false
        checker.isUncertain = false
    }

    private static func brief(_ publication: Publication) -> String {
        switch publication {
        case .copy(let number, let isRefused): "the copy for \(number)\(isRefused ? ", refused by a queue" : "")"
        case .event(let id, _, let isRefused): "\(id)\(isRefused ? ", refused by a queue" : "")"
        case .quarantine(let number, let reason): "message \(number) to quarantine: \(reason)"
        }
    }

    func finish(_ remains: Checker.Remains) {
        let before = checker.violations.count
        checker.finish(remains)
        recorded?.end(remains)
        for violation in checker.violations[before...] { note("*** \(violation)") }
    }

    func nameMessage(_ id: String) {
        messageIDs[hash.inboxKeyName(caller: nil, messageID: id)] = id
    }
}

// MARK: - Faults

extension World {
    /// Called at every step of the pipeline: a fault may strike here.
    func strike(
        at step: PipelineStep, _ worker: SimulatedWorker, message: SimulatedBroker.Message? = nil,
        over connection: SimulatedBroker.Connection? = nil
    ) -> FaultKind? {
        guard worker.life != 0 else { return nil }
        guard let kind = onStep.map({ $0(step, worker) }) ?? faults.reach(step) else { return nil }
        matrix.note(kind, at: step)
        note("--- \(kind.rawValue) at \(step.rawValue) of \(worker.life)")
        let length = pause(1_000_000...8_000_000)
        lastFault = max(lastFault, agenda.now + length)
        switch kind {
        case .crash: worker.crash()
        case .disconnect:
            // All of a worker's connections, or one: what it publishes over may be lost while it still consumes.
            let error = AMQPError(.connectionClosed, "connection reset")
            if let connection, flip() {
                broker.close(connection, because: error)
            } else {
                broker.closeAll(of: worker.life, because: error)
            }
        case .stall:
            // Sometimes longer than a decision may wait to be stored, or than a mass revocation stands.
            let stall =
                if step == .load, client.revokesAll {
                    flip() ? pause(3_000_000...20_000_000) : pause(65_000_000...90_000_000)
                } else {
                    flip() ? pause(200_000...3_000_000) : pause(29_000_000...40_000_000)
                }
            worker.stall(for: stall)
            lastFault = max(lastFault, agenda.now + stall)
        case .away: redis.beAway(for: flip() ? length : 8 * length)
        case .writesRefused: redis.refuseWrites(for: length)
        case .failOver: redis.failOver()
        case .clockForward: redis.stepClock(milliseconds: Int64(pause(1...40_000)))
        case .clockBack:
            checker.isClockSteady = false
            redis.stepClock(milliseconds: -Int64(pause(1...5_000)))
        case .duplicate: client.sendAgain(message?.number)
        case .drain: worker.drain()
        case .queueFull:
            let exchanges = [broker.names.events, broker.names.results, broker.names.dead]
            broker.fill(exchanges[Int.random(in: 0..<3, using: &random)], for: length)
        case .answerLost, .lateEffect:
            // Sometimes the store is gone for longer than a command waits for it.
            if step == .commit, flip() {
                agenda.after(1_000_000) { [self] in redis.beAway(for: 70_000_000) }
                lastFault = max(lastFault, agenda.now + 71_000_000)
            }
        case .crashAfter, .slow, .refused: break
        }
        return kind
    }
}

// MARK: - Publications

extension World {
    func noteCommit(_ commit: Commit, number: Int, of contents: InMemoryContents, lane: Int) {
        let handle = commit.aggregate.handle
        for event in commit.events {
            var name = Digest(8, handle.text)
            name.append(Self.sequence(in: event.body))
            eventNames[event.id] = name
        }
        let sessions = (contents.aggregates[handle]?.sessions ?? [:]).values.sorted { $0.id.text < $1.id.text }
        observe(
            .committed(
                StoredCommit(
                    number: number, lane: lane, subject: handle.text,
                    messages: commit.results.compactMap { messageIDs[$0.message.name] },
                    events: commit.events.map {
                        StoredCommit.Event(id: $0.id, sequence: Self.sequence(in: $0.body), body: $0.body)
                    },
                    sessions: sessions.map(Self.seen), limits: ["default": highestLimit])))
        if handle == manager.policiesHandle { noteLimit(in: contents) }
    }

    /// Notes the limit that the store has now.
    func noteLimit(in contents: InMemoryContents) {
        let put = contents.aggregates[manager.policiesHandle]?.policies.values.first
        let limit = (put ?? policy).maxSessions
        if limit != currentLimit { limits.append((limit, agenda.now)) }
    }

    private var currentLimit: Int { limits.last?.limit ?? policy.maxSessions }

    /// The highest limit that a decision stored now may have been made under: the one that is set, and those that were
    /// replaced so lately that a worker may not have read it, or may have decided before.
    private var highestLimit: Int {
        // A poll, and a batch that has begun; while something is wrong, or was, polls may fail and batches wait as well.
        let patience = agenda.now > lastFault + 5_000_000 ? 3_000_000 : 200_000_000
        var highest = currentLimit
        for (place, one) in limits.enumerated().reversed() where one.since > agenda.now - patience {
            highest = max(highest, place == 0 ? policy.maxSessions : limits[place - 1].limit)
        }
        return highest
    }

    private static func seen(_ session: Session) -> StoredCommit.Session {
        var seen = StoredCommit.Session(session.id.text, isLiving: session.status.isLiving)
        if let ending = session.ending { seen.isFinal = ending.isFinal || ending.reason.word != "expired_idle" }
        seen.isRoot = session.parentID == nil
        seen.isPending = session.pendingUntil != nil
        seen.policy = session.policy.text
        return seen
    }

    /// The sequence number of an event, without parsing all of it.
    private static func sequence(in body: [UInt8]) -> Int {
        let key = Array(#""sequence":""#.utf8)
        guard body.count > key.count else { return 0 }
        for start in 0..<(body.count - key.count) where body[start] == key[0] && body[start + 1] == key[1] {
            guard body[start..<start + key.count].elementsEqual(key) else { continue }
            let digits = body[(start + key.count)...].prefix { $0 != UInt8(ascii: "\"") }
            return Int(String(decoding: digits, as: UTF8.self)) ?? 0
        }
        return 0
    }

    func name(ofEvent id: String) -> Digest { eventNames[id] ?? Digest(-1) }

    func noteTaken(_ message: AMQPMessage, isRefused: Bool) {
        guard let publication = publication(message, isRefused: isRefused) else { return }
        observe(.taken(publication))
        recorded?.take(publication, message.body)
        if Self.hasToken(message.body) { observe(.leaked("in \(message.routingKey) on \(message.exchange)")) }
    }

    func noteConfirmed(_ message: AMQPMessage, isRefused: Bool, lane: Int) {
        guard let publication = publication(message, isRefused: isRefused) else { return }
        if case .quarantine = publication, isRefused { return }
        observe(.confirmed(publication, lane: lane))
    }

    /// A worker gave a reply up; where it blames it for a lost connection it has to be right.
    func noteLostReply(_ message: AMQPMessage, isBlamed: Bool) {
        guard let number = message.properties.correlationID.flatMap({ Int($0.dropFirst()) }) else { return }
        note("the reply to message \(number) is given up\(isBlamed ? ": a connection was lost over it" : "")")
        observe(.replyLost(number: number, isExplained: !isBlamed || SimulatedBroker.chokes(on: message)))
    }

    private func publication(_ message: AMQPMessage, isRefused: Bool) -> Publication? {
        let number = message.properties.correlationID.flatMap { Int($0.dropFirst()) }
        switch message.exchange {
        case broker.names.results: return number.map { .copy(number: $0, isRefused: isRefused) }
        case broker.names.events:
            return message.properties.messageID.map { .event(id: $0, body: message.body, isRefused: isRefused) }
        case broker.names.dead,
            "" where message.properties.headers?[QuarantineHeader.reason] != nil:
            let reason = message.properties.headers?[QuarantineHeader.reason]?.string ?? ""
            return number.map { .quarantine(number: $0, reason: reason) }
        default: return nil
        }
    }

    /// Whether something in it looks like a token of ours: `sjs_`, `sjr_`, `sjt_`, and enough base64url behind it. A sealed
    /// text is base64url too, and random: anything can be found in it, so it is passed over.
    private static func hasToken(_ body: [UInt8]) -> Bool {
        body.indices.dropLast(23).contains { place in
            guard body[place] == UInt8(ascii: "s"), body[place + 1] == UInt8(ascii: "j") else { return false }
            return TokenKind.allCases.contains { body[place...].starts(with: $0.rawValue.utf8) }
                && body[place..<(place + 24)].allSatisfy(\.isBase64URL)
                && !body[..<place].reversed().drop(while: \.isBase64URL).starts(with: "sealed:".utf8.reversed())
        }
    }
}
