import SojournClient

/// What a request requires of its session.
public struct SessionRequirement: Hashable, Sendable {
    /// The least assurance level.
    public var level: Int?
    /// The oldest authentication, in seconds.
    public var maxAuthenticationAgeSeconds: Int?
    /// The subject must have authenticated by one of these methods, `amr` values of RFC 8176 such as `otp` or `hwk`; if `nil`, by
    /// any.
    public var methods: Set<String>?
    /// Whether an access token will do. A form that changes the session itself needs the browser's cookie.
    public var acceptsAccessTokens = true
    /// Whether an access token, too, is shown to a worker: so that a session that was revoked an instant ago is refused, level and
    /// authentication are those of now, and the policy's context rules hold. Session cookies always are.
    public var asksWorker = false

    public init(level: Int? = nil, maxAuthenticationAgeSeconds: Int? = nil, methods: Set<String>? = nil) {
        self.level = level
        self.maxAuthenticationAgeSeconds = maxAuthenticationAgeSeconds
        self.methods = methods
    }

    /// What a worker can judge of it.
    var forWorker: Requirement? {
        level == nil && maxAuthenticationAgeSeconds == nil
            ? nil : Requirement(level: level, maxAuthenticationAgeSeconds: maxAuthenticationAgeSeconds)
    }
}
