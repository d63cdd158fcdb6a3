/// Why an access token was not accepted. It never contains any of the token.
public struct TokenRefusal: Error, Hashable, Sendable {
    /// A code; later versions may add some. A worker that was asked may say any of contract §5.
    public struct Reason: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        public var description: String { rawValue }
    }

    /// Why, as a code.
    public let reason: Reason

    init(_ reason: Reason) {
        self.reason = reason
    }

    /// Whether the token may be good, but cannot be judged now: answer 503 rather than 401, or let the worker decide.
    public var isUndecided: Bool { Reason.undecided.contains(reason) }
}

// The token itself is not acceptable, and never will be.
extension TokenRefusal.Reason {
    /// It is not an access token: its form, header or claims are wrong.
    public static let malformed = Self(rawValue: "malformed")
    /// Signed with a key that the issuer does not publish, at least not yet or no longer.
    public static let unknownKey = Self(rawValue: "unknown_key")
    /// It was changed, or its key was not the issuer's.
    public static let signatureInvalid = Self(rawValue: "signature_invalid")
    /// `iss` is another than the configuration's.
    public static let wrongIssuer = Self(rawValue: "wrong_issuer")
    /// `aud` does not contain the configuration's.
    public static let wrongAudience = Self(rawValue: "wrong_audience")
    /// Its own time is up; the session may live.
    public static let tokenExpired = Self(rawValue: "token_expired")
    /// Issued in the future, or not valid yet (`nbf`).
    public static let notYetValid = Self(rawValue: "not_yet_valid")
}

// The session does not allow it.
extension TokenRefusal.Reason {
    /// The session was revoked or evicted.
    public static let revoked = Self(rawValue: "revoked")
    /// The session has expired without activity.
    public static let expiredIdle = Self(rawValue: "expired_idle")
    /// The session has reached its greatest age.
    public static let expiredAbsolute = Self(rawValue: "expired_absolute")
    /// The session has waited too long for its second factor.
    public static let expiredPending = Self(rawValue: "expired_pending")
    /// The session is locked.
    public static let locked = Self(rawValue: "locked")
    /// The subject is disabled.
    public static let subjectDisabled = Self(rawValue: "subject_disabled")
    /// Replaced: the session was elevated or re-authenticated since it was issued.
    public static let unknown = Self(rawValue: "unknown")
}

// It cannot be decided here and now.
extension TokenRefusal.Reason {
    /// The verifier has not begun to listen to events, or has not heard from the broker for too long.
    public static let stale = Self(rawValue: "stale")
    /// The verifier was cut off, and has not yet read all events that were kept for it.
    public static let catchingUp = Self(rawValue: "catching_up")
    /// Issued before the verifier began to listen: what happened to the session in between is not known here.
    public static let issuedBeforeListening = Self(rawValue: "issued_before_listening")
    /// An event says that tokens of the session were replaced, but not which.
    public static let unclear = Self(rawValue: "unclear")
    /// The issuer's keys could not be read for too long.
    public static let keysStale = Self(rawValue: "keys_stale")
    /// Valid for longer than denials are remembered.
    public static let lifetimeTooLong = Self(rawValue: "lifetime_too_long")
    /// The worker was to be asked, and did not answer, or too many questions waited.
    public static let workerUnavailable = Self(rawValue: "worker_unavailable")

    /// Every reason that is named here.
    static let all: Set<Self> = undecided.union([
        .malformed, .unknownKey, .signatureInvalid, .wrongIssuer, .wrongAudience, .tokenExpired, .notYetValid, .revoked,
        .expiredIdle, .expiredAbsolute, .expiredPending, .locked, .subjectDisabled, .unknown,
    ])

    fileprivate static let undecided: Set<Self> = [
        .stale, .catchingUp, .issuedBeforeListening, .unclear, .keysStale, .lifetimeTooLong, .workerUnavailable,
    ]
}

extension TokenRefusal: CustomStringConvertible {
    public var description: String { "the access token is not accepted: \(reason)" }
}
