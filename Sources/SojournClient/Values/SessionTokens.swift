public import FoundationEssentials

/// A session's tokens. Whoever has one can act as the session: they are left out of the description.
public struct SessionTokens: Decodable, Hashable, Sendable {
    /// `sjs_…`, for `validate`, `elevate`, `update` and the like.
    public var session: String
    /// `sjr_…`, for one `refresh`; `nil` while the session is pending.
    public var refresh: String?
    /// A JWT (RFC 9068), which services verify themselves; `nil` while the session is pending.
    public var access: String?
    /// When the access token expires.
    public var accessExpiresAt: Date?
    /// When the refresh token expires.
    public var refreshExpiresAt: Date?
}

/// The new tokens after a refresh. The session token stays.
public struct RefreshedTokens: Decodable, Hashable, Sendable {
    /// `sjr_…`, for the next refresh.
    public var refresh: String
    /// A JWT (RFC 9068).
    public var access: String
    /// When the access token expires.
    public var accessExpiresAt: Date
    /// When the refresh token expires.
    public var refreshExpiresAt: Date
}

extension SessionTokens: CustomStringConvertible, CustomReflectable {
    /// Says which tokens there are.
    public var description: String {
        "tokens: session\(refresh == nil ? "" : ", refresh")\(access == nil ? "" : ", access")"
    }
    public var customMirror: Mirror { Mirror(self, children: ["accessExpiresAt": accessExpiresAt as Any]) }
}

extension RefreshedTokens: CustomStringConvertible, CustomReflectable {
    /// Says which tokens there are.
    public var description: String { "tokens: refresh, access" }
    public var customMirror: Mirror { Mirror(self, children: ["accessExpiresAt": accessExpiresAt]) }
}
