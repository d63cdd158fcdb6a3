public import FoundationEssentials

/// What an access token says, after it has been verified (contract §6; RFC 9068, section 2.2).
public struct VerifiedAccessToken: Hashable, Sendable {
    /// `sid`: `ses_…`
    public let sessionID: String
    /// The tenant of the subject.
    public let tenant: String
    /// `sub`: the user, as the service that created the session names it.
    public let subject: String
    /// `acr`: the session's assurance level when the token was issued, from 1 to 3.
    public let level: Int
    /// `amr`: how the subject authenticated, as RFC 8176 names it.
    public let methods: [String]
    /// `auth_time`: when the subject last authenticated; `nil` if nobody said so.
    public let authenticatedAt: Date?
    /// `act`: who acts on the subject's behalf.
    public let actor: String?
    /// `client_id`: the service that requested the token, or `anonymous`.
    public let clientID: String
    /// `iat`, in whole seconds.
    public let issuedAt: Date
    /// `exp`, in whole seconds.
    public let expiresAt: Date
    /// `jti`
    public let tokenID: String
}

/// Descriptions end up in logs, which name no subject and no actor.
extension VerifiedAccessToken: CustomStringConvertible, CustomReflectable {
    public var description: String { "access token of \(sessionID), level \(level)" }
    public var customMirror: Mirror { Mirror(self, children: ["sessionID": sessionID, "level": level]) }
}
