/// How sessions under a policy live (contract §8). A new one has the defaults, as has what a policy that is read lacks.
public struct Policy: Codable, Hashable, Sendable {
    /// Without activity, in seconds; at most `absoluteSeconds`.
    public var idleSeconds = 1800
    /// Whatever happens, in seconds.
    public var absoluteSeconds = 43200
    /// How often activity is written, in seconds.
    public var touchIntervalSeconds = 60
    /// The life of an access token, in seconds.
    public var accessTokenSeconds = 300
    /// The life of a refresh token, in seconds.
    public var refreshSeconds = 43200
    /// How long the immediate predecessor of a refresh token gets the same successor, in seconds; 0: not at all.
    public var refreshGraceSeconds = 30
    /// Of a subject, without children; 0: no limit.
    public var maxSessions = 5
    /// What happens when a subject at its limit begins another session.
    public var onLimit = LimitAction.evictLeastRecentlyActive
    /// When a second factor is needed, and for how long it counts.
    public var mfa = MultiFactor()
    /// What happens when a session is used from elsewhere.
    public var context = ContextRules()
    /// How long after its idle expiry a session may be revived, in seconds; 0: not at all.
    public var reauthenticationWindowSeconds = 3600
    /// The life of a transfer ticket, in seconds.
    public var transferSeconds = 60
    /// Levels below a root session; 0: none.
    public var maxDepth = 4
    /// Direct children of one session; 0: none.
    public var maxChildren = 32
    /// How long an ended session still answers with its reason, in seconds.
    public var endedSeconds = 86400

    public init() {}

    /// What happens to a session beyond the limit.
    public struct LimitAction: ContractWord {
        /// The session that was active longest ago ends.
        public static let evictLeastRecentlyActive = LimitAction(rawValue: "evictLeastRecentlyActive")
        /// The session that began first ends.
        public static let evictOldest = LimitAction(rawValue: "evictOldest")
        /// The new session does not begin (`limitReached`).
        public static let reject = LimitAction(rawValue: "reject")

        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }
    }

    /// When a session needs a second factor.
    public struct MultiFactor: Codable, Hashable, Sendable {
        /// Whether a session waits for a second factor when it begins.
        public var required = Requirement.never
        /// How long a session waits for its second factor, in seconds.
        public var pendingSeconds = 300
        /// So many wrong codes in a row lock the factor.
        public var maxAttempts = 5
        /// How long, in seconds, for the first time.
        public var lockSeconds = 900
        /// How long a level reached by `elevate` lasts, in seconds.
        public var validSeconds = 43200

        public init() {}

        /// Whether a second factor is needed.
        public struct Requirement: ContractWord {
            /// One factor is enough.
            public static let never = Requirement(rawValue: "never")
            /// Every session needs a second factor.
            public static let always = Requirement(rawValue: "always")
            /// From a fingerprint or country that the subject was not active with before.
            public static let onRisk = Requirement(rawValue: "onRisk")

            public let rawValue: String

            public init(rawValue: String) { self.rawValue = rawValue }
        }
    }

    /// What happens when a field of the context changes.
    public struct ContextRules: Codable, Hashable, Sendable {
        /// When the address is another.
        public var ip = Action.off
        /// /24 of IPv4, /48 of IPv6.
        public var network = Action.off
        /// When the country is another.
        public var country = Action.off
        /// When the autonomous system is another.
        public var asn = Action.off
        /// When the `User-Agent` header is another.
        public var userAgent = Action.off
        /// When the fingerprint is another.
        public var fingerprint = Action.off
        /// Faster than `maxTravelKmh`, beyond 50 km.
        public var travel = Action.off
        /// In kilometres per hour.
        public var maxTravelKmh = 900
        /// The fields that every command with a token has to bring.
        public var require: [String] = []

        public init() {}

        /// What happens when a field is another than the session last accepted.
        public struct Action: ContractWord {
            /// Nothing.
            public static let off = Action(rawValue: "off")
            /// It is accepted, with an event `session.context.changed`.
            public static let notify = Action(rawValue: "notify")
            /// It is not accepted until a second factor was shown from there.
            public static let elevate = Action(rawValue: "elevate")
            /// The session is locked.
            public static let lock = Action(rawValue: "lock")
            /// The session ends.
            public static let revoke = Action(rawValue: "revoke")

            public let rawValue: String

            public init(rawValue: String) { self.rawValue = rawValue }
        }
    }
}

/// A policy and its name.
public struct NamedPolicy: Decodable, Hashable, Sendable {
    /// What commands call it.
    public var name: String
    /// Its rules.
    public var policy: Policy
}

extension Policy {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try container.read(&idleSeconds, .idleSeconds)
        try container.read(&absoluteSeconds, .absoluteSeconds)
        try container.read(&touchIntervalSeconds, .touchIntervalSeconds)
        try container.read(&accessTokenSeconds, .accessTokenSeconds)
        try container.read(&refreshSeconds, .refreshSeconds)
        try container.read(&refreshGraceSeconds, .refreshGraceSeconds)
        try container.read(&maxSessions, .maxSessions)
        try container.read(&onLimit, .onLimit)
        try container.read(&mfa, .mfa)
        try container.read(&context, .context)
        try container.read(&reauthenticationWindowSeconds, .reauthenticationWindowSeconds)
        try container.read(&transferSeconds, .transferSeconds)
        try container.read(&maxDepth, .maxDepth)
        try container.read(&maxChildren, .maxChildren)
        try container.read(&endedSeconds, .endedSeconds)
    }
}

extension Policy.MultiFactor {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try container.read(&required, .required)
        try container.read(&pendingSeconds, .pendingSeconds)
        try container.read(&maxAttempts, .maxAttempts)
        try container.read(&lockSeconds, .lockSeconds)
        try container.read(&validSeconds, .validSeconds)
    }
}

extension Policy.ContextRules {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try container.read(&ip, .ip)
        try container.read(&network, .network)
        try container.read(&country, .country)
        try container.read(&asn, .asn)
        try container.read(&userAgent, .userAgent)
        try container.read(&fingerprint, .fingerprint)
        try container.read(&travel, .travel)
        try container.read(&maxTravelKmh, .maxTravelKmh)
        try container.read(&require, .require)
    }
}

extension KeyedDecodingContainer {
    /// Replaces a default by the value of a key, if it is there.
    fileprivate func read<Value: Decodable>(_ value: inout Value, _ key: Key) throws {
        value = try decodeIfPresent(Value.self, forKey: key) ?? value
    }
}
