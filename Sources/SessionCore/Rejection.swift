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
