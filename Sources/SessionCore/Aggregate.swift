/// All that is known of one tenant's subject, or the part of it that was loaded, at one revision.
///
/// It is the unit of consistency: limits, lists, cascades and the order of events need nothing beyond it.
package struct Aggregate: Equatable, Sendable {
    package let handle: SubjectHandle
    /// Another one after each write; 0 for one that does not exist.
    package var revision: Int64
    /// `nil` for a subject that nothing is known of, and where only single sessions were loaded.
    package var subject: Subject?
    package var sessions: [SessionID: Session]
    /// The policies that were put, in the one aggregate that is about no subject.
    package var policies: [PolicyName: SessionPolicy]
    /// The mass revocations that stand, in another such aggregate.
    package var revocations: StandingRevocations

    package init(
        handle: SubjectHandle, revision: Int64 = 0, subject: Subject? = nil, sessions: [Session] = [],
        policies: [PolicyName: SessionPolicy] = [:], revocations: StandingRevocations = .none
    ) {
        self.handle = handle
        self.revision = revision
        self.subject = subject
        // Of two that came with one id the later: whoever loads them tells that it is damage.
        self.sessions = Dictionary(sessions.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
        self.policies = policies
        self.revocations = revocations
    }
}

/// What is known of a subject beside its sessions.
package struct Subject: Equatable, Sendable {
    package let tenant: String
    package let name: ExactText
    /// The sequence number of its latest event; 0 before the first.
    package var lastSequence: Int64
    /// Whether nothing of it can begin or go on.
    package var isDisabled: Bool
    /// The second factors, oldest first.
    package var factors: [Factor]
    package var recovery: RecoveryCodes?
    /// By kind, for the verifiers that an extension added; at most as many as there ever were verifiers.
    package var verifierStates: [String: VerifierState]
    /// Where it was active under a policy that wants a second factor elsewhere; `nil` before the first time.
    package var places: KnownPlaces?

    package init(
        tenant: String, name: ExactText, lastSequence: Int64 = 0, isDisabled: Bool = false, factors: [Factor] = [],
        recovery: RecoveryCodes? = nil, verifierStates: [String: VerifierState] = [:], places: KnownPlaces? = nil
    ) {
        self.tenant = tenant
        self.name = name
        self.lastSequence = lastSequence
        self.isDisabled = isDisabled
        self.factors = factors
        self.recovery = recovery
        self.verifierStates = verifierStates
        self.places = places
    }

    /// Whether it has to be remembered when none of its sessions is left.
    package var outlastsSessions: Bool {
        isDisabled || !factors.isEmpty || verifierStates.values.contains { $0.lastCounter != nil }
    }
}

/// How much of an aggregate a command needs to be decided.
package enum AggregateScope: Equatable, Sendable {
    case whole
    /// These sessions alone, and not the subject.
    case sessions([SessionID])

    package func union(_ other: AggregateScope) -> AggregateScope {
        switch (self, other) {
        case (.whole, _), (_, .whole): .whole
        case (.sessions(let left), .sessions(let right)): .sessions(left + right.filter { !left.contains($0) })
        }
    }
}
