import SessionCore
import TestSupport
import Testing

/// One subject and the rules, with a clock that the test sets. It stores what a store would store.
struct Scene {
    let tokens = PlainTokens()
    let manager = SessionManager(tokens: PlainTokens(), factors: PlainFactors())
    var policies = PolicyCatalogue()
    /// The mass revocations in force: the only state here that does not belong to the subject.
    var standing = StandingRevocations.none
    /// The start of a TOTP step, so that a test has 30 seconds of the same code.
    var now = Timestamp(milliseconds: 1_800_000_000_000)
    var aggregate = Aggregate(handle: PlainTokens().handle(tenant: "default", subject: "alice"))
    var caller: String?
    var activity: [SessionID: [ActivityEntry]] = [:]
    /// The events of the last command.
    var events: [Event] = []
    /// The sessions whose creation the last command logged.
    var impliedCreations: [Session] = []
    /// Whether the last command left nothing to commit.
    var wroteNothing = true
    private var seed: UInt64 = 0

    init(policy: (inout SessionPolicy) -> Void = { _ in }) {
        var changed = SessionPolicy()
        policy(&changed)
        policies = PolicyCatalogue(["default": changed])
    }

    /// The default policy, and another one.
    init(_ name: String, policy: (inout SessionPolicy) -> Void) {
        var other = SessionPolicy()
        policy(&other)
        policies = PolicyCatalogue([ExactText(name): other])
    }

    subscript(_ issued: Issued) -> Session? { aggregate.sessions[issued.id] }

    func status(of issued: Issued) -> SessionStatus? { self[issued]?.status }

    func level(of issued: Issued) -> Int? { self[issued]?.assurance.level(at: now) }

    /// The kinds of the last command's events.
    var kinds: [Event.Kind] { events.map(\.kind) }

    mutating func pass(seconds: Int) {
        now = now.adding(seconds: seconds)
    }

    func transaction(scope: AggregateScope = .whole, random: UInt64 = 1) -> SubjectTransaction {
        SubjectTransaction(
            on: aggregate, scope: scope, activity: activity, now: now, policies: policies, standing: standing,
            random: SeededRandom(seed: random))
    }

    /// A transaction on the record of a single session, as a validate loads it.
    func narrowTransaction(for id: SessionID, random: UInt64 = 1) -> SubjectTransaction {
        let sessions = SessionTable(aggregate.sessions[id].map { [$0] } ?? [])
        return SubjectTransaction(
            on: Aggregate(handle: aggregate.handle, revision: aggregate.revision, sessions: sessions),
            scope: .sessions([id]), now: now, policies: policies, standing: standing, random: SeededRandom(seed: random)
        )
    }

    /// Puts as many sessions beside one as said, which are like it but for what `change` does; no command is decided for
    /// them, which would take long for hundreds.
    ///
    /// - Parameter change: is told which of them it is, from 0 on.
    @discardableResult
    mutating func add(
        _ count: Int, like session: Session, _ change: (inout Session, Int) -> Void = { _, _ in }
    ) -> [SessionID] {
        let first = aggregate.sessions.count
        return (0..<count).map { index in
            var copy = Session(
                // 12 characters.
                id: SessionID(handle: aggregate.handle, own: "like\(10_000_000 + first + index)"),
                tenant: session.tenant, subject: session.subject, policy: session.policy, createdAt: session.createdAt,
                idleSeconds: session.granted.idleSeconds, expiresAt: session.granted.expiresAt, actor: session.actor,
                status: session.status, parentID: session.parentID, assurance: session.assurance,
                authenticatedAt: session.authenticatedAt, device: session.device, context: session.context,
                attributes: session.attributes, lastActiveAt: session.lastActiveAt, generation: session.generation,
                credentials: session.credentials, pendingUntil: session.pendingUntil)
            change(&copy, index)
            aggregate.sessions[copy.id] = copy
            return copy.id
        }
    }

    /// Decides a command on the whole subject, and commits it.
    mutating func decide(
        _ action: any SessionCommand, tenant: String = "default", deadline: Timestamp? = nil, traceparent: String? = nil
    ) -> Outcome {
        seed += 1
        var transaction = transaction(random: seed)
        let command = Command(
            tenant: tenant, action: action, deadline: deadline, caller: caller, traceparent: traceparent)
        let outcome: Outcome
        do {
            outcome = try manager.decide(command, in: &transaction)
        } catch {
            preconditionFailure("the whole aggregate is never too little")
        }
        aggregate = transaction.aggregate
        if !transaction.isEmpty { aggregate.revision += 1 }
        events = transaction.events
        impliedCreations = transaction.impliedCreations
        wroteNothing = transaction.isEmpty
        return outcome
    }
}

/// A session and the tokens that a command issued for it.
struct Issued {
    let session: Session
    let tokens: IssuedTokens
    var evicted: [SessionID] = []
    var challenge: Challenge?

    var id: SessionID { session.id }
    var token: String { tokens.session?.exposed ?? "no session token" }
    var refresh: String { tokens.refresh?.exposed ?? "no refresh token" }
    /// The access token that would be signed from these claims.
    var access: TokenReference {
        guard let claims = tokens.accessClaims else { return .malformed }
        return .access(
            PresentedAccessToken(
                session: claims.session, generation: claims.generation, tenant: claims.tenant,
                expiresAt: claims.expiresAt))
    }
}

struct Unexpected: Error {}

// MARK: - Parts of an outcome

extension Outcome {
    var rejection: Rejection.Code? {
        if case .rejected(let rejection) = self { rejection.code } else { nil }
    }

    var message: String? {
        if case .rejected(let rejection) = self { rejection.message } else { nil }
    }

    var failure: Failure? {
        if case .failed(let failure) = self { failure } else { nil }
    }

    func issued() throws -> Issued {
        switch self {
        case .succeeded(.issued(let session, let tokens)): return Issued(session: session, tokens: tokens)
        case .succeeded(.created(let session, let tokens, let evicted, let challenge)):
            return Issued(session: session, tokens: tokens, evicted: evicted, challenge: challenge)
        default: throw unexpected
        }
    }

    func session() throws -> Session {
        guard case .succeeded(.session(let session)) = self else { throw unexpected }
        return session
    }

    func validation() throws -> Validation {
        guard case .succeeded(.validated(let validation)) = self else { throw unexpected }
        return validation
    }

    /// The ids in the result of a lock, an unlock, a revocation or a disabling.
    func ids() throws -> [SessionID] {
        switch self {
        case .succeeded(.switched(let ids)), .succeeded(.revoked(let ids)), .succeeded(.disabled(let ids)): return ids
        default: throw unexpected
        }
    }

    func ticket() throws -> String {
        guard case .succeeded(.ticket(let ticket, expiresAt: _)) = self else { throw unexpected }
        return ticket.exposed
    }

    func enrolment() throws -> Enrolment {
        guard case .succeeded(.enrolled(let enrolment)) = self else { throw unexpected }
        return enrolment
    }

    func factor() throws -> Factor {
        guard case .succeeded(.factor(let factor)) = self else { throw unexpected }
        return factor
    }

    private var unexpected: Unexpected {
        Issue.record("unexpected outcome: \(self)")
        return Unexpected()
    }
}

extension Validation {
    var isValid: Bool {
        if case .valid = self { true } else { false }
    }

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
