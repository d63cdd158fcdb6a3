/// What is stored about one tenant's subject, or the part of it that was loaded, at one revision.
///
/// It is the unit of consistency: limits, lists, cascades and the order of events never involve a second aggregate.
package struct Aggregate: Equatable, Sendable {
    package let handle: SubjectHandle
    /// Changes with every write; 0 if the aggregate does not exist.
    package var revision: Int64
    /// `nil` if nothing is stored about the subject, or if only single sessions were loaded.
    package var subject: Subject?
    package var sessions: SessionTable
    /// Policies set with `policy.put`. Only the one aggregate that belongs to no subject has any.
    package var policies: [PolicyName: SessionPolicy]
    /// Active mass revocations. Only their own aggregate, which belongs to no subject either, has any.
    package var revocations: StandingRevocations

    package init(
        handle: SubjectHandle, revision: Int64 = 0, subject: Subject? = nil, sessions: SessionTable = [:],
        policies: [PolicyName: SessionPolicy] = [:], revocations: StandingRevocations = .none
    ) {
        self.handle = handle
        self.revision = revision
        self.subject = subject
        self.sessions = sessions
        self.policies = policies
        self.revocations = revocations
    }
}

/// What is stored about a subject besides its sessions.
package struct Subject: Equatable, Sendable {
    package let tenant: String
    package let name: ExactText
    /// The sequence number of its latest event; 0 before the first.
    package var lastSequence: Int64
    /// Whether the subject is disabled: its sessions have ended, and no new ones may begin.
    package var isDisabled: Bool
    /// The second factors, oldest first.
    package var factors: [Factor]
    package var recovery: RecoveryCodes?
    /// By kind, for factor verifiers added by extensions; at most one for each verifier that was ever installed.
    package var verifierStates: [String: VerifierState]
    /// Where the subject was active under a policy with `mfa.required` set to `onRisk`; `nil` before the first time.
    package var places: KnownPlaces?
    /// What a later version appended to the record: stored again as it is.
    package var laterFields: [UInt8] = []

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

    /// Whether the subject must be kept once it has no sessions left.
    package var outlastsSessions: Bool {
        isDisabled || !factors.isEmpty || verifierStates.values.contains { $0.lastCounter != nil }
    }
}

/// How much of an aggregate a decision needs.
package enum AggregateScope: Equatable, Sendable {
    case whole
    /// Only these sessions, without the subject.
    case sessions([SessionID])

    package func union(_ other: AggregateScope) -> AggregateScope {
        switch (self, other) {
        case (.whole, _), (_, .whole): .whole
        case (.sessions(let left), .sessions(let right)): .sessions(left + right.filter { !left.contains($0) })
        }
    }
}
