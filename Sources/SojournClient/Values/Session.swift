public import FoundationEssentials

/// A session, as a result tells it. It contains no token (contract §3).
public struct Session: Decodable, Hashable, Sendable, Identifiable {
    /// `ses_…`. It stays the same when tokens rotate, is not secret, and gives no access.
    public var id: String
    /// The tenant of the subject.
    public var tenant: String
    /// The user, as the service that created the session names it.
    public var subject: String
    /// Whether it can be used, and if not, why.
    public var status: SessionStatus
    /// The name of its policy.
    public var policy: String
    /// The assurance level: 1 (one factor, or nothing said), 2 (two kinds of factor) or 3 (one of them in hardware).
    public var level: Int
    /// How the subject authenticated: `amr` values of RFC 8176.
    public var methods: [String]
    /// When the subject last authenticated; `nil` if nobody said so.
    public var authenticatedAt: Date?
    /// The device that it is used on.
    public var device: Device?
    /// Where it was last accepted from.
    public var context: Context?
    /// When it began.
    public var createdAt: Date
    /// The last recorded activity: it may lag by the policy's `touchIntervalSeconds`.
    public var lastActiveAt: Date
    /// When it expires without activity.
    public var idleExpiresAt: Date
    /// When it expires whatever happens.
    public var expiresAt: Date
    /// The session that it is a child of.
    public var parentID: String?
    /// Who acts on the subject's behalf.
    public var actor: String?
    /// What the service stores with it.
    public var attributes: [String: AttributeValue]
    /// From 1; grows with every rotation of its tokens.
    public var generation: Int
    /// When it ended; `nil` while it has not.
    public var endedAt: Date?
    /// Why it ended: `logout`, `expired_idle`, `evicted`, …; `nil` while it has not.
    public var endReason: String?

    private enum CodingKeys: String, CodingKey {
        case id, tenant, subject, status, policy, level, methods, authenticatedAt, device, context, createdAt
        case lastActiveAt, idleExpiresAt, expiresAt, actor, attributes, generation, endedAt, endReason
        case parentID = "parentId"
    }
}

/// The status of a session.
public struct SessionStatus: ContractWord {
    /// Waits for its second factor.
    public static let pending = SessionStatus(rawValue: "pending")
    /// Can be used.
    public static let active = SessionStatus(rawValue: "active")
    /// Cannot be used until it is unlocked.
    public static let locked = SessionStatus(rawValue: "locked")
    /// Was ended before its time.
    public static let revoked = SessionStatus(rawValue: "revoked")
    /// Its time was up.
    public static let expired = SessionStatus(rawValue: "expired")

    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
}
