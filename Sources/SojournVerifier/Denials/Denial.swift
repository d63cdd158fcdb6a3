/// What is known of a session or a subject that something happened to.
struct Denial: Equatable, Sendable {
    enum Cause: UInt8, Sendable {
        case revoked, expiredIdle, expiredAbsolute, expiredPending, locked, subjectDisabled
    }

    /// Why none of its tokens are good; `nil` if they are, at least those of the least generation. That is kept, too: an
    /// event that comes late must not deny them again.
    var cause: Cause?
    /// Whether it is unknown which tokens were replaced.
    var isUnclear = false
    /// The generation before which all tokens were replaced.
    var leastGeneration: Int64 = 0
    /// Of the latest event, by the order of the subject's events.
    var sequence: UInt64
    /// When no token is left that it could be about.
    var expiresAt: UnixTime
}

extension Denial.Cause {
    var reason: TokenRefusal.Reason {
        switch self {
        case .revoked: .revoked
        case .expiredIdle: .expiredIdle
        case .expiredAbsolute: .expiredAbsolute
        case .expiredPending: .expiredPending
        case .locked: .locked
        case .subjectDisabled: .subjectDisabled
        }
    }
}
