/// What is known of a session, its tokens apart. Times are milliseconds since 1970-01-01T00:00:00Z.
public struct SessionFacts: Hashable, Sendable {
    /// Where a session stands. One whose deadline has passed may still be called active: the deadline is what counts.
    public enum Status: String, Hashable, Sendable, CaseIterable {
        case pending
        case active
        case locked
        case revoked
        case expired
    }

    /// `ses_…`
    public var id: String
    public var tenant: String
    public var subject: String
    public var status: Status
    /// The name of the policy it was created under.
    public var policy: String
    /// Its assurance level at the moment of the decision, 1 to 3.
    public var level: Int
    /// The `amr` values (RFC 8176) that count at the moment of the decision.
    public var methods: [String]
    public var createdAtMilliseconds: Int64
    public var lastActiveAtMilliseconds: Int64
    /// When it ends whatever happens.
    public var expiresAtMilliseconds: Int64
    /// When the user last authenticated, where the caller said so.
    public var authenticatedAtMilliseconds: Int64?
    public var device: SessionDevice?
    /// The context that was last accepted.
    public var context: SessionContext?
    public var parentID: String?
    /// On whose behalf somebody else acts in it.
    public var actor: String?
    /// Those of its attributes whose value is a text.
    public var attributes: [String: String]

    /// Sojourn makes them; you do in your tests.
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

/// Where a user was, as the caller saw it. What is `nil` is unknown.
public struct SessionContext: Hashable, Sendable {
    /// An IPv4 or IPv6 address in text form, as the caller wrote it.
    public var ip: String?
    public var userAgent: String?
    public var fingerprint: String?
    /// ISO 3166-1 alpha-2.
    public var country: String?
    public var region: String?
    public var city: String?
    /// Degrees, -90…90; there if and only if the longitude is.
    public var latitude: Double?
    /// Degrees, -180…180.
    public var longitude: Double?
    /// The number of the autonomous system (RFC 6793).
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

/// A device, as the caller described it. What is `nil` is unknown.
public struct SessionDevice: Hashable, Sendable {
    public var id: String?
    public var name: String?
    public var platform: String?
    public var fingerprint: String?

    public init(id: String? = nil, name: String? = nil, platform: String? = nil, fingerprint: String? = nil) {
        self.id = id
        self.name = name
        self.platform = platform
        self.fingerprint = fingerprint
    }
}
