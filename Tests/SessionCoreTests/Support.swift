import SessionCore
import Testing

/// Tokens that a person can read: `sjs_|<session id>|<generation>|<secret>`. What they lack in secrecy they make up for
/// in being obvious.
struct PlainTokens: TokenScheme {
    func handle(tenant: String, subject: String) -> SubjectHandle {
        let name = "\(tenant)-\(subject)".filter { $0.isLetter || $0.isNumber || $0 == "-" }
        return SubjectHandle(text: String((name + String(repeating: "_", count: 20)).prefix(20)))
    }

    func issue(_ kind: TokenKind, for session: SessionID, generation: Int, entropy: [UInt8]) -> IssuedToken {
        let secret = entropy.prefix(8).map { String($0) }.joined(separator: ".")
        return token("\(kind.rawValue)|\(session.text)|\(generation)|\(secret)")
    }

    func successor(of predecessor: PresentedToken, generation: Int, salt: [UInt8]) -> IssuedToken {
        let secret = "\(predecessor.text.exposed.hashed)x\(salt.prefix(8).map { String($0) }.joined(separator: "."))"
        return token("\(TokenKind.refresh.rawValue)|\(predecessor.session.text)|\(generation)|\(secret)")
    }

    func read(_ text: String, as kind: TokenKind) -> PresentedToken? {
        let parts = text.split(separator: "|")
        guard parts.count == 4, parts[0] == kind.rawValue, let session = SessionID(String(parts[1])),
            let generation = Int(parts[2])
        else { return nil }
        return PresentedToken(
            kind: kind, session: session, generation: generation, digest: digest(of: text), text: Secret(text))
    }

    private func token(_ text: String) -> IssuedToken {
        IssuedToken(text: Secret(text), digest: digest(of: text))
    }

    private func digest(of text: String) -> TokenDigest {
        var bytes = Array(text.utf8.suffix(16))
        withUnsafeBytes(of: text.hashed) { bytes.append(contentsOf: $0) }
        return TokenDigest(bytes: Array((bytes + [UInt8](repeating: 0, count: 32)).prefix(32)))
    }
}

extension String {
    /// FNV-1a: the same in every run, unlike Swift's own.
    fileprivate var hashed: UInt64 {
        utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

/// A generator that gives the same numbers in every run (SplitMix64).
struct SeededRandom: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// One subject and the rules, with a clock that is turned by hand: what a store would keep is kept here.
struct Scene {
    let tokens = PlainTokens()
    let manager = SessionManager(tokens: PlainTokens())
    var policies = PolicyCatalogue()
    var now = Timestamp(milliseconds: 1_800_000_000_000)
    var aggregate = Aggregate(handle: PlainTokens().handle(tenant: "default", subject: "alice"))
    /// What the last command announced.
    var events: [Event] = []
    private var seed: UInt64 = 0

    init(policy: (inout SessionPolicy) -> Void = { _ in }) {
        var changed = SessionPolicy()
        policy(&changed)
        policies = PolicyCatalogue(["default": changed])
    }

    mutating func decide(_ action: Command.Action, tenant: String = "default", deadline: Timestamp? = nil) -> Outcome {
        seed += 1
        var transaction = SubjectTransaction(
            on: aggregate, now: now, policies: policies, random: SeededRandom(state: seed))
        let outcome = manager.decide(Command(tenant: tenant, action: action, deadline: deadline), in: &transaction)
        aggregate = transaction.aggregate
        if !transaction.isEmpty { aggregate.revision += 1 }
        events = transaction.events
        return outcome
    }

    mutating func pass(seconds: Int) {
        now = now.adding(seconds: seconds)
    }

    // MARK: Commands in short

    struct Created {
        let session: Session
        let token: String
        let refresh: String
        let evicted: [SessionID]
    }

    mutating func create(_ change: (inout CreateSession) -> Void = { _ in }) throws -> Created {
        var create = CreateSession(subject: "alice")
        change(&create)
        guard case .succeeded(.created(let session, let tokens, let evicted)) = decide(.create(create)) else {
            throw Unexpected()
        }
        return Created(
            session: session, token: try #require(tokens.session).exposed,
            refresh: try #require(tokens.refresh).exposed, evicted: evicted)
    }

    mutating func validate(
        _ token: String, require requirement: ValidateSession.Requirement = .init(), touch: Bool = true
    ) throws -> Validation {
        let reference = tokens.read(token, as: .session).map(TokenReference.genuine) ?? .malformed
        let outcome = decide(.validate(ValidateSession(token: reference, requirement: requirement, touch: touch)))
        guard case .succeeded(.validated(let validation)) = outcome else { throw Unexpected() }
        return validation
    }

    mutating func refresh(_ token: String) -> Outcome {
        let reference = tokens.read(token, as: .refresh).map(TokenReference.genuine) ?? .malformed
        return decide(.refresh(RefreshSession(refreshToken: reference)))
    }

    /// The refresh token that a refresh gives.
    mutating func refreshed(_ token: String) throws -> String {
        guard case .succeeded(.refreshed(_, let tokens)) = refresh(token) else { throw Unexpected() }
        return try #require(tokens.refresh).exposed
    }

    mutating func revoke(_ target: RevokeSessions.Target) throws -> [SessionID] {
        guard case .succeeded(.revoked(let ids)) = decide(.revoke(RevokeSessions(target: target))) else {
            throw Unexpected()
        }
        return ids
    }
}

struct Unexpected: Error {}

extension Outcome {
    var rejection: Rejection.Code? {
        if case .rejected(let rejection) = self { rejection.code } else { nil }
    }

    var failure: Failure? {
        if case .failed(let failure) = self { failure } else { nil }
    }
}

extension Validation {
    var reason: InvalidityReason? {
        if case .invalid(let reason, _, _) = self { reason } else { nil }
    }

    var remedy: Remedy? {
        if case .invalid(_, _, let remedy) = self { remedy } else { nil }
    }

    var session: Session? {
        switch self {
        case .valid(let session): session
        case .invalid(_, let session, _): session
        }
    }
}
