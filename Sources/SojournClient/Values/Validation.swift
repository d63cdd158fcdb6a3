/// Whether a token is valid.
public enum Validation: Hashable, Sendable {
    /// - `annotations`: what rules of the installation have noted.
    case valid(Session, annotations: [String: String]?)
    /// The token is not valid, or does not suffice.
    case invalid(Refusal)

    /// The session, if the token is valid; otherwise `nil`.
    public var session: Session? {
        if case .valid(let session, _) = self { session } else { nil }
    }

    /// Why a token is not valid.
    public struct Refusal: Hashable, Sendable {
        /// Why it is not valid.
        public var reason: Reason
        /// What the user can do about it; `nil` if nothing would help, or only a refresh.
        public var remedy: Remedy?
        /// The session that it belongs to, if it is known. It does not make the token valid.
        public var session: Session?
    }

    /// Why a token is not valid, as a word.
    public struct Reason: ContractWord {
        /// Not a token.
        public static let malformed = Reason(rawValue: "malformed")
        /// No such session, or a token that was replaced.
        public static let unknown = Reason(rawValue: "unknown")
        /// An access token of a living session has expired.
        public static let tokenExpired = Reason(rawValue: "token_expired")
        /// The session was ended before its time.
        public static let revoked = Reason(rawValue: "revoked")
        /// The session has expired without activity.
        public static let expiredIdle = Reason(rawValue: "expired_idle")
        /// The session has reached its greatest age.
        public static let expiredAbsolute = Reason(rawValue: "expired_absolute")
        /// The session has waited too long for its second factor.
        public static let expiredPending = Reason(rawValue: "expired_pending")
        /// The session waits for its second factor.
        public static let pending = Reason(rawValue: "pending")
        /// The session is locked.
        public static let locked = Reason(rawValue: "locked")
        /// A context rule of the policy does not accept where the request comes from.
        public static let contextMismatch = Reason(rawValue: "context_mismatch")
        /// The session's level is lower than required.
        public static let levelTooLow = Reason(rawValue: "level_too_low")
        /// The user last authenticated longer ago than required.
        public static let authenticationTooOld = Reason(rawValue: "authentication_too_old")

        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }
    }

    /// What the user can do.
    public struct Remedy: ContractWord {
        /// Show a second factor.
        public static let elevate = Remedy(rawValue: "elevate")
        /// Authenticate again, and keep the session.
        public static let reauthenticate = Remedy(rawValue: "reauthenticate")
        /// Begin a new session.
        public static let login = Remedy(rawValue: "login")

        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }
    }
}

/// What a session must meet to be valid.
public struct Requirement: Codable, Hashable, Sendable {
    /// The least assurance level.
    public var level: Int?
    /// The oldest authentication, in seconds.
    public var maxAuthenticationAgeSeconds: Int?

    public init(level: Int? = nil, maxAuthenticationAgeSeconds: Int? = nil) {
        self.level = level
        self.maxAuthenticationAgeSeconds = maxAuthenticationAgeSeconds
    }
}

extension Validation: Decodable {
    private enum CodingKeys: CodingKey {
        case valid, reason, remedy, session, annotations
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let session = try container.decodeIfPresent(Session.self, forKey: .session)
        if try container.decode(Bool.self, forKey: .valid) {
            guard let session else {
                throw DecodingError.valueNotFound(
                    Session.self, .init(codingPath: [], debugDescription: "a valid token without a session"))
            }
            self = .valid(
                session, annotations: try container.decodeIfPresent([String: String].self, forKey: .annotations))
        } else {
            self = .invalid(
                Refusal(
                    reason: try container.decode(Reason.self, forKey: .reason),
                    remedy: try container.decodeIfPresent(Remedy.self, forKey: .remedy), session: session))
        }
    }
}
