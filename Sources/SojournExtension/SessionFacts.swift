/// What is known about a session, except its tokens. Times are milliseconds since 1970-01-01T00:00:00Z.
public struct SessionFacts: Hashable, Sendable {
    /// A session's status. A session whose deadline has passed may still be listed as active: the deadline decides.
    public enum Status: String, Hashable, Sendable, CaseIterable {
        /// Created below the level that its policy or a rule requires.
        case pending
        /// Usable until its deadline.
        case active
        /// Refused until it is unlocked.
        case locked
        /// Ended by a command.
        case revoked
        /// Ended by a deadline.
        case expired
    }

    /// `ses_…`
    public var id: String
    /// The tenant that it belongs to.
    public var tenant: String
    /// The user, as the caller that created the session names it.
    public var subject: String
    /// As stored; in ``SessionDecision/session``, as it would be.
    public var status: Status
    /// The name of the policy it was created under.
    public var policy: String
    /// Its assurance level at the time of the decision, 1 to 3.
    public var level: Int
    /// The `amr` values (RFC 8176) that are valid at the time of the decision.
    public var methods: [String]
    /// When it was created.
    public var createdAtMilliseconds: Int64
    /// When a command last counted as activity of its user.
    public var lastActiveAtMilliseconds: Int64
    /// When it ends regardless of activity.
    public var expiresAtMilliseconds: Int64
    /// When the user last authenticated, if the caller stated it.
    public var authenticatedAtMilliseconds: Int64?
    /// The device that it is used on, if the caller described it.
    public var device: SessionDevice?
    /// The last context that was accepted.
    public var context: SessionContext?
    /// The session that it ends with (`ses_…`), if any.
    public var parentID: String?
    /// The person acting in this session on behalf of its subject, if any.
    public var actor: String?
    /// Its attributes whose value is a text.
    public var attributes: [String: String]

    /// Sojourn creates these; you create them in your tests.
    public init(
        id: String, tenant: String = "default", subject: String, status: Status = .active, policy: String = "default",
        level: Int = 1, methods: [String] = [], createdAtMilliseconds: Int64, lastActiveAtMilliseconds: Int64,
        expiresAtMilliseconds: Int64, authenticatedAtMilliseconds: Int64? = nil, device: SessionDevice? = nil,
        context: SessionContext? = nil, parentID: String? = nil, actor: String? = nil,
        attributes: [String: String] = [:]
    ) {
        self.id = id
        self.tenant = tenant
        self.subject = subject
        self.status = status
        self.policy = policy
        self.level = level
        self.methods = methods
        self.createdAtMilliseconds = createdAtMilliseconds
        self.lastActiveAtMilliseconds = lastActiveAtMilliseconds
        self.expiresAtMilliseconds = expiresAtMilliseconds
        self.authenticatedAtMilliseconds = authenticatedAtMilliseconds
        self.device = device
        self.context = context
        self.parentID = parentID
        self.actor = actor
        self.attributes = attributes
    }
}

/// A user's location and network as the caller saw them. Unknown values are `nil`.
public struct SessionContext: Hashable, Sendable {
    /// An IPv4 or IPv6 address in text form, as the caller wrote it.
    public var ip: String?
    /// The `User-Agent` (RFC 9110) that the browser or app sent.
    public var userAgent: String?
    /// The caller's own digest of what it knows about the browser or app.
    public var fingerprint: String?
    /// ISO 3166-1 alpha-2.
    public var country: String?
    /// A part of the country, as the caller names it.
    public var region: String?
    /// As the caller names it.
    public var city: String?
    /// Degrees, -90…90; present if and only if the longitude is.
    public var latitude: Double?
    /// Degrees, -180…180.
    public var longitude: Double?
    /// The autonomous system number (RFC 6793).
    public var asn: Int64?

    public init(
        ip: String? = nil, userAgent: String? = nil, fingerprint: String? = nil, country: String? = nil,
        region: String? = nil, city: String? = nil, latitude: Double? = nil, longitude: Double? = nil,
        asn: Int64? = nil
    ) {
        self.ip = ip
        self.userAgent = userAgent
        self.fingerprint = fingerprint
        self.country = country
        self.region = region
        self.city = city
        self.latitude = latitude
        self.longitude = longitude
        self.asn = asn
    }
}

/// A device as the caller described it. Unknown values are `nil`.
public struct SessionDevice: Hashable, Sendable {
    /// The caller's own id of the device.
    public var id: String?
    /// What its user calls it, such as "Ada's phone".
    public var name: String?
    /// Its operating system, such as "ios".
    public var platform: String?
    /// The caller's own digest of what it knows about the device.
    public var fingerprint: String?

    public init(id: String? = nil, name: String? = nil, platform: String? = nil, fingerprint: String? = nil) {
        self.id = id
        self.name = name
        self.platform = platform
        self.fingerprint = fingerprint
    }
}
