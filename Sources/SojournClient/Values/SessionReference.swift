public import FoundationEssentials

/// Which session is meant.
public enum SessionReference: Sendable {
    /// That of a session token.
    case token(String)
    /// That with an id, `ses_…`.
    case id(String)

    func name(in body: inout CommandBody) {
        switch self {
        case .token(let token): body["token"] = token
        case .id(let id): body["sessionId"] = id
        }
    }
}

/// A secret of a session.
public enum Credential: Sendable {
    /// `sjs_…`
    case sessionToken(String)
    /// `sjr_…`
    case refreshToken(String)
}

/// Which sessions to revoke.
public enum RevocationTarget: Sendable {
    /// That of a session token.
    case token(String)
    /// That with an id, `ses_…`.
    case session(id: String)
    /// All sessions of a subject, but for one, named by its token or id.
    case subject(String, except: String? = nil)
    /// All sessions of the tenant that match every filter. In force at once; the sessions end one after the other.
    case everything(Filter = Filter())

    /// Narrows a revocation of all sessions.
    public struct Filter: Sendable {
        /// They began before this moment.
        public var begunBefore: Date?
        /// `device.id`, exactly.
        public var deviceID: String?
        /// The name of the policy that they began under.
        public var policy: String?
        /// An address, or a network in CIDR notation.
        public var network: String?

        public init(
            begunBefore: Date? = nil, deviceID: String? = nil, policy: String? = nil, network: String? = nil
        ) {
            self.begunBefore = begunBefore
            self.deviceID = deviceID
            self.policy = policy
            self.network = network
        }
    }
}

/// What to lock or unlock.
public enum LockTarget: Sendable {
    /// That with an id, `ses_…`.
    case session(id: String)
    /// All sessions of a subject.
    case subject(String)
}
