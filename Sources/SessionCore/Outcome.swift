/// The outcome of a command (contract §4).
package enum Outcome: Sendable {
    case succeeded(ResultData)
    /// Parsed, and forbidden by a rule.
    case rejected(Rejection)
    /// Could not be parsed or executed.
    case failed(Failure)
}

/// The `data` of a result, one case per shape. Indirect, because a session is expensive to copy.
package indirect enum ResultData: Sendable {
    case created(session: Session, tokens: IssuedTokens, evicted: [SessionID], challenge: Challenge?)
    case validated(Validation)
    /// `refresh`, `elevate`, `reauthenticate`, `transfer.complete`.
    case issued(session: Session, tokens: IssuedTokens)
    /// `get`, `update`.
    case session(Session)
    /// `list`. How many of them fit into the page is determined while writing them.
    case sessions(SessionPage)
    /// `lock`, `unlock`.
    case switched([SessionID])
    case revoked([SessionID])
    /// The revocation is in force. `count` sessions have been ended so far; the sweep ends the rest.
    case massRevocation(count: Int)
    /// `disable`, `enable`.
    case disabled([SessionID])
    case ticket(Secret, expiresAt: Timestamp)
    case activity([ActivityEntry])
    case enrolled(Enrolment)
    case factor(Factor)
    case factors([Factor])
    case policy(name: ExactText, SessionPolicy)
    /// Contains the policy that is now in force under the removed policy's name, if there is one.
    case policyRemoved(name: ExactText, SessionPolicy?)
    case policies([(name: ExactText, policy: SessionPolicy)])
    /// A result with annotations from an extension's rules.
    case annotated(ResultData, annotations: [String: String])
    /// The sweep's commands have no result.
    case expired
}

extension ResultData {
    /// The claims of an access token that is to be signed.
    package var claims: AccessTokenClaims? {
        switch self {
        case .created(_, let tokens, _, _), .issued(_, let tokens): tokens.accessClaims
        case .annotated(let data, _): data.claims
        case .validated, .session, .sessions, .switched, .revoked, .massRevocation, .disabled, .ticket, .activity,
            .enrolled, .factor,
            .factors, .policy, .policyRemoved, .policies, .expired:
            nil
        }
    }
}

/// What a session that was just created still needs before it is active.
package struct Challenge: Equatable, Sendable {
    package enum Reason: String, Sendable, CaseIterable {
        case mfaRequired = "mfa_required"
        case risk
    }

    package let reason: Reason
    /// The kinds of factor that the subject can use.
    package let methods: [String]
    package let expiresAt: Timestamp
}

/// What a subject needs to set up an authenticator. Everything except the id is secret.
package struct Enrolment: Sendable {
    package let factorID: String
    package let secret: Secret
    package let uri: Secret
    package let recoveryCodes: [Secret]
}

/// The tokens in a result.
package struct IssuedTokens: Sendable {
    package var session: Secret?
    package var refresh: Secret?
    package var refreshExpiresAt: Timestamp?
    /// The claims of the access token, which is signed after the decision.
    package var accessClaims: AccessTokenClaims?
    package var access: Secret?

    package init(
        session: Secret? = nil, refresh: Secret? = nil, refreshExpiresAt: Timestamp? = nil,
        accessClaims: AccessTokenClaims? = nil
    ) {
        self.session = session
        self.refresh = refresh
        self.refreshExpiresAt = refreshExpiresAt
        self.accessClaims = accessClaims
    }
}
