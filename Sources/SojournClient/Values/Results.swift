public import FoundationEssentials

/// A session that has begun, and its tokens.
public struct CreatedSession: Decodable, Hashable, Sendable {
    /// Active, or pending: then ``challenge`` says what for.
    public var session: Session
    /// Its tokens.
    public var tokens: SessionTokens
    /// The ids of the sessions that ended to make room.
    public var evicted: [String]
    /// What a pending session waits for.
    public var challenge: Challenge?
    /// What rules of the installation have noted.
    public var annotations: [String: String]?
}

/// A session after a refresh, and the tokens that replace those used.
public struct RefreshedSession: Decodable, Hashable, Sendable {
    /// The session as it is now.
    public var session: Session
    /// The tokens that replace those used.
    public var tokens: RefreshedTokens
    /// What rules of the installation have noted.
    public var annotations: [String: String]?
}

/// A session with its new tokens. They replace all earlier ones, unless a transfer has kept the original.
public struct RenewedSession: Decodable, Hashable, Sendable {
    /// The session as it is now.
    public var session: Session
    /// Its tokens.
    public var tokens: SessionTokens
    /// What rules of the installation have noted.
    public var annotations: [String: String]?
}

/// What a pending session waits for: answer with ``SessionService/elevate(_:with:context:options:)``.
public struct Challenge: Decodable, Hashable, Sendable {
    /// `mfa_required` or `risk`.
    public var reason: String
    /// The factors that the subject can use. If empty, your service has to verify an authentication itself.
    public var methods: [FactorType]
    /// When the session ends if the challenge is not met.
    public var expiresAt: Date
}

/// A page of sessions.
public struct SessionPage: Decodable, Hashable, Sendable {
    /// The sessions of this page.
    public var sessions: [Session]
    /// The cursor of the next page; `nil` on the last one.
    public var next: String?
}

/// Something that happened to a session.
public struct ActivityEntry: Decodable, Hashable, Sendable {
    /// When it happened.
    public var at: Date
    /// The type of the event that announced it, such as `session.refreshed`.
    public var action: String
    /// What else is known of it.
    public var detail: Detail

    /// What the event that announced it said.
    public struct Detail: Decodable, Hashable, Sendable {
        /// For the end of a session, its `endReason`.
        public var reason: String?
        /// The device that was used.
        public var device: Device?
        /// Where the request came from.
        public var context: Context?
        /// The level afterwards, if it may have changed.
        public var level: Int?
        /// Who acted on the subject's behalf.
        public var actor: String?
    }
}

/// A ticket for another device.
public struct TransferTicket: Decodable, Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// `sjt_…`: whoever has it gets the session.
    public var ticket: String
    /// When it no longer works.
    public var expiresAt: Date

    /// Without the ticket.
    public var description: String { "transfer ticket" }
    public var customMirror: Mirror { Mirror(self, children: ["expiresAt": expiresAt]) }
}

/// What a revocation has ended.
public struct Revocation: Decodable, Hashable, Sendable {
    /// Ids, children included.
    public var revoked: [String]
    /// How many sessions have ended.
    public var count: Int
    /// `true` after a revocation of everything: it is in force, and the sessions end one after the other.
    public var pending: Bool?
}

/// A factor that waits to be confirmed, and what the user's app needs. The secrets are left out of the description.
public struct FactorEnrollment: Decodable, Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// `fac_…`
    public var factorID: String
    /// Base32, to be typed.
    public var secret: String
    /// `otpauth://…`, to be shown as a QR code.
    public var uri: String
    /// Each works once, for a user who has lost the app.
    public var recoveryCodes: [String]

    private enum CodingKeys: String, CodingKey {
        case secret, uri, recoveryCodes
        case factorID = "factorId"
    }

    /// Without the secrets.
    public var description: String { "enrolment of \(factorID)" }
    public var customMirror: Mirror { Mirror(self, children: ["factorID": factorID]) }
}
