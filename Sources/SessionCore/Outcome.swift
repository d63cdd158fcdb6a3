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
    /// Whether there is an access token to sign.
    package var hasClaims: Bool {
        switch self {
        case .created(_, let tokens, _, _), .issued(_, let tokens): tokens.accessClaims != nil
        case .annotated(let data, _): data.hasClaims
        case .validated, .session, .sessions, .switched, .revoked, .massRevocation, .disabled, .ticket, .activity,
            .enrolled, .factor,
            .factors, .policy, .policyRemoved, .policies, .expired:
            false
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

/// The answer to `session.validate`. Indirect, because a session is expensive to copy and this is passed on many times.
package indirect enum Validation: Sendable {
    case valid(Session)
    /// The session is included only if the caller holds its token.
    case invalid(InvalidityReason, Session?, Remedy?)

    package enum InvalidityReason: String, Sendable, CaseIterable {
        case malformed
        case unknown
        case tokenExpired = "token_expired"
        case revoked
        case expiredIdle = "expired_idle"
        case expiredAbsolute = "expired_absolute"
        case expiredPending = "expired_pending"
        case pending
        case locked
        case contextMismatch = "context_mismatch"
        case levelTooLow = "level_too_low"
        case authenticationTooOld = "authentication_too_old"
    }

    /// What would make the token valid.
    package enum Remedy: String, Sendable {
        case elevate
        case reauthenticate
        case login
    }
}

/// A rejection by a rule.
package struct Rejection: Sendable {
    package let code: Code
    /// A sentence for people. Never contains a token, a subject or an address.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package enum Code: String, Sendable, CaseIterable {
        case limitReached = "limit_reached"
        case subjectDisabled = "subject_disabled"
        case sessionNotFound = "session_not_found"
        case sessionEnded = "session_ended"
        case sessionLocked = "session_locked"
        case sessionPending = "session_pending"
        case tokenInvalid = "token_invalid"
        case tokenExpired = "token_expired"
        case refreshTokenReused = "refresh_token_reused"
        case ticketInvalid = "ticket_invalid"
        case factorRejected = "factor_rejected"
        case factorLocked = "factor_locked"
        case factorNotFound = "factor_not_found"
        case reauthenticationRequired = "reauthentication_required"
        case contextRejected = "context_rejected"
        case parentNotActive = "parent_not_active"
        case hierarchyTooDeep = "hierarchy_too_deep"
        case policyNotFound = "policy_not_found"
        case notPermitted = "not_permitted"
        case messageIDReused = "message_id_reused"
    }
}

/// Why a command could not be parsed or executed.
package struct Failure: Error, Equatable, Sendable {
    package let code: Code
    /// A sentence for people. Never contains a token, a subject or an address.
    package let message: String
    /// A JSON Pointer (RFC 6901) to the invalid, unknown or missing key; only with `invalidField`.
    package let path: String?

    package init(_ code: Code, _ message: String, path: String? = nil) {
        self.code = code
        self.message = message
        self.path = path
    }

    package enum Code: String, Sendable, CaseIterable {
        case malformedMessage = "malformed_message"
        case invalidField = "invalid_field"
        case unknownCommand = "unknown_command"
        case unsupportedMediaType = "unsupported_media_type"
        case messageTooLarge = "message_too_large"
        case messageIDRequired = "message_id_required"
        case commandExpired = "command_expired"
        case conflict
        case unavailable
        case `internal`

        /// Whether nothing has changed, so that the same message may be sent again.
        package var isRetryable: Bool {
            switch self {
            case .conflict, .unavailable: true
            case .malformedMessage, .invalidField, .unknownCommand, .unsupportedMediaType, .messageTooLarge,
                .messageIDRequired, .commandExpired, .internal:
                false
            }
        }

        /// Whether the message is kept in quarantine for an operator (contract §5).
        package var isQuarantined: Bool {
            switch self {
            case .malformedMessage, .invalidField, .unknownCommand, .unsupportedMediaType, .messageTooLarge,
                .messageIDRequired, .internal:
                true
            case .commandExpired, .conflict, .unavailable: false
            }
        }
    }
}
