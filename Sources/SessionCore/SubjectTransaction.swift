/// The result of the commands decided so far on one aggregate: its new state, what has to be written, and the events to
/// announce. Nothing has happened until the store commits it.
package struct SubjectTransaction: Sendable {
    /// Bound on living sessions per subject, whatever the policy says, because the aggregate is read whole.
    package static let maxLivingSessions = 1000
    /// Bound on ended sessions that are remembered. Beyond it, those that ended first are forgotten early.
    package static let maxEndedSessions = 100

    /// The moment of the decision, by the store's clock.
    package let now: Timestamp
    package let policies: PolicyCatalogue
    /// The mass revocations in force when the aggregate was read, or a moment later.
    package let standing: StandingRevocations
    package let scope: AggregateScope
    /// The activity that was loaded, newest first.
    package let activity: [SessionID: [ActivityEntry]]
    package internal(set) var aggregate: Aggregate
    /// The sessions to write, or to remove if the aggregate no longer contains them.
    package internal(set) var changed: Set<SessionID> = []
    /// The sessions whose entry in the deadline index has to be updated or removed.
    package internal(set) var rescheduled: Set<SessionID> = []
    package internal(set) var changedPolicies: Set<PolicyName> = []
    package internal(set) var isSubjectChanged = false
    package internal(set) var areRevocationsChanged = false
    package internal(set) var events: [Event] = []
    /// Sessions that no longer imply the entry of their creation, as they were when they last did.
    package private(set) var impliedCreations: [Session] = []
    private(set) var caller: String?
    /// The children of each session, oldest first. A cache, dropped when a session begins or moves.
    var childIDs: [SessionID: [SessionID]]?
    private var random: any RandomNumberGenerator & Sendable
    var traceparent: String?

    package init(
        on aggregate: Aggregate, scope: AggregateScope = .whole, activity: [SessionID: [ActivityEntry]] = [:],
        now: Timestamp, policies: PolicyCatalogue, standing: StandingRevocations = .none,
        random: any RandomNumberGenerator & Sendable
    ) {
        self.aggregate = aggregate
        self.scope = scope
        self.activity = activity
        self.now = now
        self.policies = policies
        self.standing = standing
        self.random = random
        // If only single sessions were loaded, each is capped when it is read: every validate takes this path.
        if case .whole = scope { self.aggregate.cap(by: policies) }
    }

    /// Whether there is anything to commit.
    package var isEmpty: Bool {
        changed.isEmpty && rescheduled.isEmpty && changedPolicies.isEmpty && !isSubjectChanged
            && !areRevocationsChanged && events.isEmpty
    }

    mutating func begin(_ command: Command) {
        traceparent = command.traceparent
        caller = command.caller
    }
}

/// The decision needs more of the aggregate than was loaded. Load all of it, and decide again.
package struct ScopeTooNarrow: Error {}

// MARK: - Reading

extension SubjectTransaction {
    /// - Throws: `Stop.scopeTooNarrow` if only single sessions were loaded.
    func requireWhole() throws(Stop) {
        switch scope {
        case .whole: break
        case .sessions: throw .scopeTooNarrow
        }
    }

    /// The session with this id, if it belongs to this tenant.
    func session(_ id: SessionID, tenant: String) -> Session? {
        governed(id, tenant: tenant)?.session
    }

    /// The session with this id, if it belongs to this tenant, and the policy that governs it.
    func governed(_ id: SessionID, tenant: String) -> (session: Session, policy: SessionPolicy)? {
        guard let session = aggregate.sessions[id], session.tenant == tenant else { return nil }
        let policy = policies.governing(session)
        switch scope {
        case .whole: return (session, policy)
        case .sessions: return (session.capped(by: policy), policy)
        }
    }

    /// All sessions, oldest first.
    var all: [Session] {
        Self.oldestFirst(Array(aggregate.sessions.values))
    }

    /// The living sessions, oldest first.
    var living: [Session] {
        living { _ in true }
    }

    var livingCount: Int {
        aggregate.sessions.values.count { $0.status.isLiving }
    }

    /// The living sessions for which `isWanted` is true, oldest first.
    func living(where isWanted: (Session) -> Bool) -> [Session] {
        Self.oldestFirst(aggregate.sessions.values.filter { $0.status.isLiving && isWanted($0) })
    }

    static func oldestFirst(_ sessions: [Session]) -> [Session] {
        sessions.sorted { ($0.createdAt, $0.id.text) < ($1.createdAt, $1.id.text) }
    }

    /// The aggregate at this moment, with everything that is due applied: for rules that only read.
    var settled: SubjectTransaction {
        var settled = self
        settled.settleDeadlines()
        settled.forgetSurplus()
        return settled
    }
}

// MARK: - Writing

extension SubjectTransaction {
    /// Stores `session` with a new deadline. A new session has seen the active mass revocations, and is not affected by
    /// them.
    mutating func put(_ session: Session) {
        if replace(session) == nil {
            childIDs = nil
            if let latest = standing.latest { aggregate.sessions[session.id]?.knownRevocation = latest }
        }
        changed.insert(session.id)
        rescheduled.insert(session.id)
        rememberPlace(of: session)
    }

    /// Stores `session` with its activity. Its entry in the deadline index is not updated: the reaper, finding it too
    /// early, corrects it.
    mutating func touch(_ session: inout Session) {
        session.lastActiveAt = now
        update(session)
    }

    /// Stores a change to `session` that does not affect its deadline.
    mutating func update(_ session: Session) {
        replace(session)
        changed.insert(session.id)
        rememberPlace(of: session)
    }

    /// Replaces a session in the aggregate, and returns the former one.
    @discardableResult
    private mutating func replace(_ session: Session) -> Session? {
        guard let before = aggregate.sessions.updateValue(session, forKey: session.id) else { return nil }
        guard session.isCreationImplied else { return before }
        if before.isCreationImplied {
            if session.impliesCreation(of: before) { return before }
            impliedCreations.append(before)
        }
        aggregate.sessions[session.id]?.isCreationImplied = false
        return before
    }

    /// Stores the entry of a session's creation, before another one.
    private mutating func logCreation(of id: SessionID) {
        guard let session = aggregate.sessions[id], session.isCreationImplied else { return }
        impliedCreations.append(session)
        aggregate.sessions[id]?.isCreationImplied = false
        changed.insert(id)
    }

    /// Updates or removes the session's entry in the deadline index.
    mutating func reschedule(_ id: SessionID) {
        rescheduled.insert(id)
    }

    /// Moves the deadline entry of a session forward that a stricter policy has ended. Otherwise the reaper, which
    /// announces the end, would only find it at its former deadline.
    mutating func hasten(_ session: Session) {
        aggregate.sessions[session.id] = session
        rescheduled.insert(session.id)
    }

    /// Changes what is stored about the subject besides its sessions.
    mutating func changeSubject(tenant: String, name: ExactText, _ change: (inout Subject) -> Void) {
        var subject = aggregate.subject ?? Subject(tenant: tenant, name: name)
        precondition(subject.tenant == tenant && subject.name == name, "an aggregate is about one subject")
        let before = subject
        change(&subject)
        guard subject != before || aggregate.subject == nil else { return }
        aggregate.subject = subject
        isSubjectChanged = true
    }

    /// `nil` removes the policy.
    mutating func put(_ policy: SessionPolicy?, as name: PolicyName) {
        aggregate.policies[name] = policy
        changedPolicies.insert(name)
    }

    mutating func put(_ revocations: StandingRevocations) {
        aggregate.revocations = revocations
        areRevocationsChanged = true
    }

    /// Announces something about a session.
    mutating func announce(
        _ kind: Event.Kind, of session: Session, reason: String? = nil, detail: Event.Detail? = nil
    ) {
        announce(
            kind, tenant: session.tenant, subject: session.subject, session: session, reason: reason, detail: detail)
    }

    /// Announces something about a subject.
    mutating func announce(
        _ kind: Event.Kind, tenant: String, subject name: ExactText, session: Session? = nil, reason: String? = nil,
        detail: Event.Detail? = nil
    ) {
        let sequence = makeSequence(tenant: tenant, subject: name)
        if let session, kind != .created { logCreation(of: session.id) }
        events.append(
            Event(
                kind: kind, id: makeName(length: 24, prefix: "evt_"), at: now, handle: aggregate.handle,
                tenant: tenant, subject: name, sequence: sequence, session: session,
                reason: reason, detail: detail, traceparent: traceparent))
    }

    /// The number of the subject's next event.
    private mutating func makeSequence(tenant: String, subject name: ExactText) -> Int64 {
        var subject = aggregate.subject.take() ?? Subject(tenant: tenant, name: name)
        precondition(subject.tenant == tenant && subject.name == name, "an aggregate is about one subject")
        subject.lastSequence += 1
        let sequence = subject.lastSequence
        aggregate.subject = subject
        isSubjectChanged = true
        return sequence
    }

    mutating func forget(_ id: SessionID) {
        if let session = aggregate.sessions[id] { rememberPlace(ofForgotten: session) }
        aggregate.sessions[id] = nil
        changed.insert(id)
        rescheduled.insert(id)
    }
}

// MARK: - Entropy

extension SubjectTransaction {
    /// A new session id for this subject, with 71 random bits.
    mutating func makeSessionID() -> SessionID {
        SessionID(handle: aggregate.handle, own: makeName(length: SessionID.ownLength))
    }

    /// `count` unpredictable bytes.
    mutating func makeEntropy(count: Int) -> [UInt8] {
        Array(unsafeUninitializedCapacity: count) { bytes, end in
            while end < count {
                let word = random.next()
                withUnsafeBytes(of: word) { word in
                    for byte in word.prefix(count - end) {
                        bytes[end] = byte
                        end += 1
                    }
                }
            }
        }
    }

    /// `length` random letters and digits, 5.95 bits each. Without `_`, so that no name looks as if it contained a
    /// token's prefix.
    mutating func makeName(length: Int, prefix: String = "") -> String {
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        let (letters, letterCount) = (alphabet.utf8Start, alphabet.utf8CodeUnitCount)
        return String(unsafeUninitializedCapacity: prefix.utf8.count + length) { name in
            var count = 0
            for character in prefix.utf8 {
                name[count] = character
                count += 1
            }
            var bits: UInt64 = 0
            var left = 0
            while count < name.count {
                if left == 0 { (bits, left) = (random.next(), 10) }
                let number = Int(bits & 63)
                (bits, left) = (bits >> 6, left - 1)
                // Two of 64 numbers have no character; taking another keeps all characters equally likely.
                guard number < letterCount else { continue }
                name[count] = letters[number]
                count += 1
            }
            return count
        }
    }
}
