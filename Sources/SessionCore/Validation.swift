/// The answer to `session.validate`.
package enum Validation: Sendable {
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
