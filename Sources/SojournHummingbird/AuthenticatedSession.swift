public import FoundationEssentials
public import SojournClient
public import SojournVerifier

/// Whose request it is.
public enum AuthenticatedSession: Hashable, Sendable {
    /// A worker has said that the session is valid now.
    case session(Session)
    /// An access token that was verified within the service: docs/verification.md says what that is worth.
    case accessToken(VerifiedAccessToken)

    /// `ses_…`
    public var id: String {
        switch self {
        case .session(let session): session.id
        case .accessToken(let token): token.sessionID
        }
    }

    /// The user, as the service that created the session names it.
    public var subject: String {
        switch self {
        case .session(let session): session.subject
        case .accessToken(let token): token.subject
        }
    }

    /// The tenant of the session.
    public var tenant: String {
        switch self {
        case .session(let session): session.tenant
        case .accessToken(let token): token.tenant
        }
    }

    /// The assurance level, from 1 to 3.
    public var level: Int {
        switch self {
        case .session(let session): session.level
        case .accessToken(let token): token.level
        }
    }

    /// How the subject authenticated: `amr` values of RFC 8176.
    public var methods: [String] {
        switch self {
        case .session(let session): session.methods
        case .accessToken(let token): token.methods
        }
    }

    /// When the subject last authenticated; `nil` if nobody said so.
    public var authenticatedAt: Date? {
        switch self {
        case .session(let session): session.authenticatedAt
        case .accessToken(let token): token.authenticatedAt
        }
    }

    /// Who acts on the subject's behalf.
    public var actor: String? {
        switch self {
        case .session(let session): session.actor
        case .accessToken(let token): token.actor
        }
    }
}

/// Descriptions end up in logs, which name no subject.
extension AuthenticatedSession: CustomStringConvertible, CustomReflectable {
    public var description: String { "\(id), level \(level)" }
    public var customMirror: Mirror { Mirror(self, children: ["id": id, "level": level]) }
}
