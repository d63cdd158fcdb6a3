import SessionCore
import Testing

// Commands in short. Those that end in `outcome` return refusals; the others expect success.
extension Scene {
    mutating func createOutcome(_ change: (inout CreateSession) -> Void = { _ in }) -> Outcome {
        var create = CreateSession(subject: "alice")
        change(&create)
        return decide(create)
    }

    mutating func create(_ change: (inout CreateSession) -> Void = { _ in }) throws -> Issued {
        try createOutcome(change).issued()
    }

    mutating func child(of parent: Issued, _ change: (inout CreateSession) -> Void = { _ in }) throws -> Issued {
        try create {
            $0.parent = .init(id: parent.id)
            change(&$0)
        }
    }

    mutating func validate(
        _ token: String, context: ClientContext? = nil, require requirement: ValidateSession.Requirement = .init(),
        touch: Bool = true
    ) throws -> Validation {
        try validate(tokens.reference(token), context: context, require: requirement, touch: touch)
    }

    mutating func validate(
        _ token: TokenReference, context: ClientContext? = nil,
        require requirement: ValidateSession.Requirement = .init(), touch: Bool = true
    ) throws -> Validation {
        try decide(
            ValidateSession(token: token, context: context, requirement: requirement, touch: touch)
        ).validation()
    }

    mutating func refresh(_ token: String, context: ClientContext? = nil) -> Outcome {
        decide(RefreshSession(refreshToken: tokens.reference(token, as: .refresh), context: context))
    }

    /// The refresh token that a refresh returns.
    mutating func refreshed(_ token: String) throws -> String {
        try refresh(token).issued().refresh
    }

    mutating func elevate(_ token: String, methods: [ExactText], context: ClientContext? = nil) -> Outcome {
        elevate(token, .authentication(Authentication(methods: methods)), context: context)
    }

    mutating func elevate(_ token: String, code: Secret, context: ClientContext? = nil) -> Outcome {
        elevate(token, .factor(FactorProof(kind: "totp", code: code)), context: context)
    }

    mutating func elevate(_ token: String, recovery: Secret) -> Outcome {
        elevate(token, .factor(FactorProof(kind: "recovery", code: recovery)), context: nil)
    }

    mutating func elevate(_ token: String, _ proof: ElevateSession.Proof, context: ClientContext?) -> Outcome {
        decide(ElevateSession(token: tokens.reference(token), proof: proof, context: context))
    }

    mutating func reauthenticate(
        _ token: String, methods: [ExactText] = ["pwd"], context: ClientContext? = nil
    ) -> Outcome {
        let reference = token.hasPrefix("sjr_") ? tokens.reference(token, as: .refresh) : tokens.reference(token)
        return decide(
            ReauthenticateSession(
                token: reference, authentication: Authentication(methods: methods), context: context))
    }

    mutating func update(_ target: SessionTarget, _ change: (inout UpdateSession) -> Void) -> Outcome {
        var update = UpdateSession(target: target)
        change(&update)
        return decide(update)
    }

    mutating func beginTransfer(
        _ token: String, keepOriginal: Bool = false, context: ClientContext? = nil
    ) -> Outcome {
        decide(
            BeginTransfer(token: tokens.reference(token), keepOriginal: keepOriginal, context: context))
    }

    mutating func completeTransfer(
        _ ticket: String, device: Device? = nil, context: ClientContext? = nil
    ) -> Outcome {
        decide(
            CompleteTransfer(
                ticket: tokens.reference(ticket, as: .ticket), device: device, context: context))
    }

    mutating func revokeOutcome(_ target: RevokeSessions.Target, cascade: Bool = true) -> Outcome {
        decide(RevokeSessions(target: target, cascade: cascade))
    }

    mutating func revoke(_ target: RevokeSessions.Target, cascade: Bool = true) throws -> [SessionID] {
        try revokeOutcome(target, cascade: cascade).ids()
    }

    mutating func lock(_ target: LockSessions.Target, reason: String? = nil) -> Outcome {
        decide(LockSessions(target: target, reason: reason.flatMap(EndReason.init(callers:))))
    }

    mutating func unlock(_ target: LockSessions.Target, reason: String? = nil) -> Outcome {
        decide(UnlockSessions(target: target, reason: reason.flatMap(EndReason.init(callers:))))
    }

    mutating func disable() -> Outcome {
        decide(DisableSubject(subject: "alice"))
    }

    mutating func enable() -> Outcome {
        decide(EnableSubject(subject: "alice"))
    }

    mutating func list(includeEnded: Bool = false) throws -> [SessionID] {
        try page(includeEnded: includeEnded).sessions.map(\.id)
    }

    mutating func page(
        includeEnded: Bool = false, limit: Int = ListSessions.maxLimit, cursor: String? = nil
    ) throws -> SessionPage {
        let after = cursor.flatMap { tokens.place(of: $0, of: aggregate.handle) }
        guard
            case .succeeded(.sessions(let page)) = decide(
                ListSessions(subject: "alice", includeEnded: includeEnded, limit: limit, after: after))
        else { throw Unexpected() }
        return page
    }

    mutating func reap(_ issued: Issued) {
        _ = decide(ExpireSession(issued.id))
    }
}

// MARK: - Second factors

extension Scene {
    var factors: [Factor] { aggregate.subject?.factors ?? [] }

    mutating func enroll(label: String = "phone") throws -> Enrolment {
        try decide(EnrollFactor(subject: "alice", label: label)).enrolment()
    }

    mutating func confirm(_ id: String, code: Secret) -> Outcome {
        decide(ConfirmFactor(subject: "alice", factorID: id, code: code))
    }

    /// A confirmed authenticator whose current code has not been used yet.
    mutating func enrolled(label: String = "phone") throws -> (factor: Factor, recovery: [Secret]) {
        let enrolment = try enroll(label: label)
        let factor = try #require(factors.last)
        let confirmed = try confirm(
            factor.id, code: PlainFactors.code(of: factor, step: PlainFactors.step(at: now) - 1)
        ).factor()
        return (confirmed, enrolment.recoveryCodes)
    }

    /// The code that an authenticator displays now.
    func code(of factor: Factor) -> Secret {
        PlainFactors.code(of: factor, step: PlainFactors.step(at: now))
    }
}
