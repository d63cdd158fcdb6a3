/// What the commands decided so far would make of one aggregate: its state after them, what has to be written, and the
/// events to announce. Nothing has happened until the store commits it.
package struct SubjectTransaction: Sendable {
    /// More living sessions than this no subject gets, whatever its policy: the aggregate is read whole.
    package static let maxLivingSessions = 1000
    /// More ended sessions than this are not remembered; the ones that ended first are forgotten early.
    package static let maxEndedSessions = 100

    /// When, by the store's clock.
    package let now: Timestamp
    package let policies: PolicyCatalogue
    package private(set) var aggregate: Aggregate
    /// The sessions to write, or to remove where the aggregate no longer has them.
    package private(set) var changed: Set<SessionID> = []
    /// The sessions whose entry in the deadline index has to be set anew, or removed.
    package private(set) var rescheduled: Set<SessionID> = []
    package private(set) var events: [Event] = []
    private var random: any RandomNumberGenerator & Sendable
    private var traceparent: String?

    package init(
        on aggregate: Aggregate, now: Timestamp, policies: PolicyCatalogue,
        random: any RandomNumberGenerator & Sendable
    ) {
        self.aggregate = aggregate
        self.now = now
        self.policies = policies
        self.random = random
    }

    /// Whether there is anything to commit.
    package var isEmpty: Bool {
        changed.isEmpty && rescheduled.isEmpty && events.isEmpty
    }

    mutating func begin(_ command: Command) {
        traceparent = command.traceparent
    }
}

// MARK: - What rules read

extension SubjectTransaction {
    /// The session with this id, if it is this tenant's.
    func session(_ id: SessionID, tenant: String) -> Session? {
        guard let session = aggregate.sessions[id], session.tenant == tenant else { return nil }
        return session
    }

    /// The living sessions, oldest first.
    var living: [Session] {
        aggregate.sessions.values.filter(\.status.isLiving)
            .sorted { ($0.createdAt, $0.id.text) < ($1.createdAt, $1.id.text) }
    }
}

// MARK: - What rules do

extension SubjectTransaction {
    /// Stores `session` with a new deadline.
    mutating func put(_ session: Session) {
        aggregate.sessions[session.id] = session
        changed.insert(session.id)
        rescheduled.insert(session.id)
    }

    /// Stores that `session` was active now. Its entry in the deadline index stays: when that comes, whoever looks
    /// finds the later deadline and puts it back.
    mutating func touch(_ session: inout Session) {
        session.lastActiveAt = now
        aggregate.sessions[session.id] = session
        changed.insert(session.id)
    }

    /// Ends `session`, now or at the deadline that has passed, and announces it with the one event that says how.
    mutating func end(
        _ session: Session, as status: SessionStatus, reason: EndReason, event: Event.Kind, at end: Timestamp? = nil
    ) {
        precondition(session.status.isLiving && !status.isLiving, "only a living session ends, and once")
        var ended = session
        ended.status = status
        let remembered = policies.governing(session).rememberedSeconds
        ended.ending = SessionEnding(at: end ?? now, reason: reason, forgottenAt: now.adding(seconds: remembered))
        put(ended)
        announce(event, of: ended, reason: reason.word)
        forgetSurplus()
    }

    /// Ends every session whose deadline has passed, and forgets those that have been over for long enough.
    mutating func settleDeadlines() {
        for session in aggregate.sessions.values.sorted(by: { $0.id.text < $1.id.text }) {
            if let reason = session.expiry(at: now) {
                end(session, as: .expired, reason: reason, event: .expired, at: session.idleExpiresAt)
            } else if let ending = session.ending, ending.forgottenAt <= now {
                forget(session.id)
            }
        }
    }

    /// Sets the deadline index right for a session, be it there or not.
    mutating func reschedule(_ id: SessionID) {
        rescheduled.insert(id)
    }

    /// Announces something about a session.
    mutating func announce(_ kind: Event.Kind, of session: Session, reason: String? = nil) {
        announce(kind, tenant: session.tenant, subject: session.subject, session: session, reason: reason)
    }

    /// Announces something about a subject.
    mutating func announce(
        _ kind: Event.Kind, tenant: String, subject name: String, session: Session? = nil, reason: String? = nil
    ) {
        var subject = aggregate.subject ?? Subject(tenant: tenant, name: name)
        precondition(subject.tenant == tenant && subject.name == name, "an aggregate is about one subject")
        subject.lastSequence += 1
        aggregate.subject = subject
        events.append(
            Event(
                kind: kind, id: makeName(length: 24, prefix: "evt_"), at: now, handle: aggregate.handle,
                tenant: tenant, subject: name, sequence: subject.lastSequence, session: session, reason: reason,
                traceparent: traceparent))
    }

    private mutating func forget(_ id: SessionID) {
        aggregate.sessions[id] = nil
        changed.insert(id)
        rescheduled.insert(id)
    }

    private mutating func forgetSurplus() {
        let ended = aggregate.sessions.values.compactMap { session in session.ending.map { (session.id, $0.at) } }
        guard ended.count > Self.maxEndedSessions else { return }
        let oldestFirst = ended.sorted { ($0.1, $0.0.text) < ($1.1, $1.0.text) }
        for (id, _) in oldestFirst.prefix(ended.count - Self.maxEndedSessions) { forget(id) }
    }
}

// MARK: - Entropy

extension SubjectTransaction {
    /// An id for a new session of this subject, with 71 bits of its own.
    mutating func makeSessionID() -> SessionID {
        SessionID(handle: aggregate.handle, own: makeName(length: SessionID.ownLength))
    }

    /// `count` bytes that nobody can guess.
    mutating func makeEntropy(count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    /// `length` random letters and digits, 5.95 bits each: no `_`, so that no name looks like it holds a token's prefix.
    private mutating func makeName(length: Int, prefix: String = "") -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let characters = (0..<length).map { _ in alphabet[Int.random(in: alphabet.indices, using: &random)] }
        return prefix + String(decoding: characters, as: UTF8.self)
    }
}
