import SessionContract
import SessionCore
import TestSupport

@testable import SessionCrypto
@testable import SessionEngine

/// Random commands that use earlier results: old and new tokens, ids of living and ended sessions, duplicated messages.
struct RandomScript {
    static let subjects = ["alice", "bob"]

    let policies: PolicyCatalogue
    private let sender: Sender
    private var random: SeededRandom
    private var sessionTokens: [String] = ["sjs_nonsense"]
    private var refreshTokens: [String] = ["sjr_nonsense"]
    private var ids: [String] = ["ses_unknown"]
    private var accessTokens: [String] = ["a.b.c"]
    private var tickets: [String] = ["sjt_nonsense"]
    private var factorIDs: [String] = ["fac_unknown"]
    private var recoveryCodes: [String] = ["abcde-fghjk"]
    private var cursors: [String] = []
    private var factors: [String: [Factor]] = [:]
    /// The current tokens of each session, by id, and which sessions are living.
    private var present: [String: [String: String]] = [:]
    private var living: [String: [String]] = [:]
    /// The hand clock's time, for generating codes.
    var now = HandClock().time
    private var sent: [Work] = []
    private var count = 0
    private(set) var statuses: Set<String> = []

    init(seed: UInt64, sender: Sender) {
        random = SeededRandom(seed: seed)
        self.sender = sender
        var policy = SessionPolicy()
        policy.maxSessions = Int.random(in: 0...5, using: &random)
        policy.onLimit = SessionPolicy.LimitStrategy.allCases.randomElement(using: &random) ?? .reject
        policy.idleSeconds = 100
        policy.absoluteSeconds = 400
        policy.refreshGraceSeconds = Int.random(in: 0...20, using: &random)
        policy.reauthenticationWindowSeconds = 50
        policy.endedSeconds = 200
        policy.maxDepth = 2
        policy.maxChildren = 2
        policy.accessTokenSeconds = 60
        policy.mfa.required = SessionPolicy.SecondFactor.Requirement.allCases.randomElement(using: &random) ?? .never
        policy.mfa.maxAttempts = 3
        policy.mfa.validSeconds = 90
        policy.context.ip = SessionPolicy.ContextRules.Reaction.allCases.randomElement(using: &random) ?? .off
        policy.context.country = SessionPolicy.ContextRules.Reaction.allCases.randomElement(using: &random) ?? .off
        policy.context.travel = SessionPolicy.ContextRules.Reaction.allCases.randomElement(using: &random) ?? .off
        policies = PolicyCatalogue(["default": policy])
    }

    mutating func nextBatch() -> [Work] {
        (0..<Int.random(in: 1...6, using: &random)).map { _ in nextWork() }
    }

    mutating func nextPause() -> Int64 {
        switch Int.random(in: 0..<8, using: &random) {
        case 0...4: 0
        case 5, 6: Int64.random(in: 1...10_000, using: &random)
        default: Int64.random(in: 1...100_000, using: &random)
        }
    }

    mutating func learn(from completions: [Completion]) {
        for completion in completions {
            statuses.insert(completion.result.status.rawValue)
            guard let data = try? completion.data else { continue }
            if let token = data.text("tokens", "session") { sessionTokens.append(token) }
            if let token = data.text("tokens", "refresh") { refreshTokens.append(token) }
            if let token = data.text("tokens", "access") { accessTokens.append(token) }
            if let ticket = data.text("ticket") { tickets.append(ticket) }
            if let id = data.text("session", "id") {
                ids.append(id)
                for kind in ["session", "refresh", "access"] {
                    if let token = data.text("tokens", kind) { present[id, default: [:]][kind] = token }
                }
            }
            if let cursor = data.text("next") { cursors.append(cursor) }
            if let id = data.text("factorId") { factorIDs.append(id) }
            if case .array(let codes) = data["recoveryCodes"] {
                for case .string(let code) in codes { recoveryCodes.append(code) }
            }
        }
    }

    /// Most commands concern living sessions, otherwise few would succeed.
    mutating func learn(from aggregate: Aggregate, of subject: String) {
        factors[subject] = aggregate.subject?.factors ?? []
        living[subject] = aggregate.sessions.values.filter(\.status.isLiving).map(\.id.text).sorted()
    }

    /// Sessions that appeared in any result.
    var sessions: [SessionID] { Array(Set(ids.compactMap { SessionID($0) })) }

    private mutating func nextWork() -> Work {
        if !sent.isEmpty, Int.random(in: 0..<8, using: &random) == 0 { return pick(sent) }
        count += 1
        let work: Work =
            switch Int.random(in: 0..<24, using: &random) {
            case 0, 1, 2: make("session.create", create())
            case 3, 4:
                make(
                    "session.validate",
                    ["token": .string(flip() ? token("session") : token("access")), "context": context()])
            case 5, 6: make("session.refresh", ["refreshToken": .string(token("refresh")), "context": context()])
            case 7 where rarely():
                make("session.revoke", ["token": .string(token("session")), "cascade": .bool(flip())])
            case 8 where rarely(): make("session.revoke", revokeAll())
            case 8: rarely() ? make("session.revoke", revokeSubject()) : make("session.create", create())
            case 7, 9, 10: make("session.elevate", elevate())
            case 11: make("session.reauthenticate", reauthenticate())
            case 12:
                flip()
                    ? make("session.update", ["sessionId": .string(id()), "attributes": .object(patch())])
                    : make("session.update", ["token": .string(token("session")), "context": context()])
            case 13:
                make(
                    "session.transfer.begin",
                    ["token": .string(token("session")), "keepOriginal": .bool(flip()), "context": context()])
            case 14: make("session.transfer.complete", ["ticket": .string(ticket()), "context": context()])
            case 15: make(flip() ? "session.lock" : "session.unlock", ["sessionId": .string(id())])
            case 16: make(rarely() ? "subject.disable" : "subject.enable", ["subject": .string(pick(Self.subjects))])
            case 17: make("session.get", ["sessionId": .string(id())])
            case 18: make("session.list", list())
            case 19: make("session.activity", ["sessionId": .string(id())])
            case 20: make("factor.enroll", ["subject": .string(pick(Self.subjects)), "type": .string("totp")])
            case 21: make("factor.confirm", confirm())
            case 22: make("factor.list", ["subject": .string(pick(Self.subjects))])
            default:
                SessionID(id()).map {
                    let action: any SessionCommand = flip() ? ExpireSession($0) : CarryOutRevocations(among: $0.handle)
                    return Work(name: nil, content: .command(Command(tenant: "", action: action)))
                } ?? make("factor.remove", ["subject": .string("bob"), "factorId": .string(pick(factorIDs))])
            }
        sent.append(work)
        return work
    }

    private func make(_ command: String, _ body: JSONObject) -> Work {
        sender.work(command, body, id: "m-\(count)")
    }

    private mutating func create() -> JSONObject {
        let subject = pick(Self.subjects)
        var body: JSONObject = ["subject": .string(subject)]
        if Bool.random(using: &random) { body["idleSeconds"] = .integer(Int64.random(in: 1...120, using: &random)) }
        if !rarely(), living[subject]?.isEmpty == false { body["parentId"] = .string(id(of: subject)) }
        if rarely() { body["actor"] = .string("support") }
        if Bool.random(using: &random) {
            body["device"] = .object([
                "id": .string("d\(count % 3)"), "name": .string("Firefox"), "fingerprint": .string("f\(count)"),
            ])
            body["context"] = .object([
                "ip": .string("192.0.2.1"), "latitude": .decimal("52.5"), "longitude": .decimal("13.25"),
            ])
            body["attributes"] = .object(["n": .integer(Int64(count)), "x": .array([.null, .bool(true)])])
            body["authentication"] = .object(["methods": .array([.string("pwd"), .string("otp")])])
        }
        return body
    }

    private mutating func flip() -> Bool {
        Bool.random(using: &random)
    }

    private mutating func rarely() -> Bool {
        Int.random(in: 0..<5, using: &random) == 0
    }

    /// The id of a living session, or occasionally of any session.
    private mutating func id(of subject: String? = nil) -> String {
        let living = subject.map { self.living[$0] ?? [] } ?? Self.subjects.flatMap { self.living[$0] ?? [] }
        return rarely() || living.isEmpty ? pick(ids) : pick(living)
    }

    /// A current token of a living session, or occasionally any token.
    private mutating func token(_ kind: String) -> String {
        if !rarely(), let token = present[id()]?[kind] { return token }
        switch kind {
        case "session": return pick(sessionTokens)
        case "refresh": return pick(refreshTokens)
        default: return pick(accessTokens)
        }
    }

    private mutating func ticket() -> String {
        rarely() ? pick(tickets) : tickets[tickets.count - 1]
    }

    /// Mostly the default one.
    private mutating func context() -> JSONValue {
        .object([
            "ip": .string(rarely() ? "198.51.100.7" : "192.0.2.1"), "country": .string(rarely() ? "FR" : "DE"),
            "latitude": .decimal(rarely() ? "-33.9" : "52.5"), "longitude": .decimal("13.25"),
        ])
    }

    private mutating func patch() -> JSONObject {
        ["n": flip() ? .null : .integer(Int64(count)), "deep": .object(["x": .bool(flip())])]
    }

    /// Occasionally a right code, for subjects with a factor.
    private mutating func code(of subject: String) -> String {
        guard let secret = factors[subject]?.last?.secret, Int.random(in: 0..<4, using: &random) > 0 else {
            return "123456"
        }
        let digits = String(TOTP.code(at: TOTP.step(at: now), secret: secret))
        return String(repeating: "0", count: 6 - digits.count) + digits
    }

    private mutating func elevate() -> JSONObject {
        var body: JSONObject = ["token": .string(token("session")), "context": context()]
        switch Int.random(in: 0..<3, using: &random) {
        case 0: body["authentication"] = .object(["methods": .array([.string(pick(["otp", "hwk", "mfa"]))])])
        case 1: body["factor"] = .object(["type": .string("recovery"), "code": .string(pick(recoveryCodes))])
        default:
            body["factor"] = .object(["type": .string("totp"), "code": .string(code(of: pick(Self.subjects)))])
        }
        return body
    }

    private mutating func reauthenticate() -> JSONObject {
        var body: JSONObject = ["authentication": .object(["methods": .array([.string("pwd")])])]
        if flip() {
            body["token"] = .string(token("session"))
        } else {
            body["refreshToken"] = .string(token("refresh"))
        }
        return body
    }

    private mutating func confirm() -> JSONObject {
        let subject = pick(Self.subjects)
        return [
            "subject": .string(subject), "factorId": .string(factors[subject]?.last?.id ?? pick(factorIDs)),
            "code": .string(code(of: subject)),
        ]
    }

    /// The whole list or a page, possibly with an earlier cursor, even one of another subject.
    private mutating func list() -> JSONObject {
        var body: JSONObject = ["subject": .string(pick(Self.subjects)), "includeEnded": .bool(flip())]
        if flip() { body["limit"] = .integer(Int64.random(in: 1...3, using: &random)) }
        if flip(), !cursors.isEmpty { body["cursor"] = .string(pick(cursors)) }
        return body
    }

    private mutating func revokeSubject() -> JSONObject {
        var body: JSONObject = ["subject": .string(pick(Self.subjects)), "reason": .string("tidy_up")]
        if !rarely() { body["except"] = .string(id()) }
        return body
    }

    /// Sessions on a device, in a network, created before a time, or all sessions.
    private mutating func revokeAll() -> JSONObject {
        var body: JSONObject = ["all": .bool(true), "reason": .string("leak")]
        switch Int.random(in: 0..<5, using: &random) {
        case 0: body["deviceId"] = .string("d\(Int.random(in: 0...2, using: &random))")
        case 1: body["network"] = .string(flip() ? "192.0.2.0/24" : "198.51.100.7")
        case 2: body["begunBefore"] = .string(now.adding(seconds: -5).rfc3339)
        case 3: body["policy"] = .string(flip() ? "default" : "other")
        default: break
        }
        return body
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        // Newer tokens are picked more often: old ones should be tried, but not most of the time.
        let start = Bool.random(using: &random) ? elements.count / 2 : 0
        return elements[Int.random(in: start..<elements.count, using: &random)]
    }
}
