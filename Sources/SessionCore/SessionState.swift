/// How a session ended, and until when it is remembered.
package struct SessionEnding: Equatable, Sendable {
    package let at: Timestamp
    package let reason: EndReason
    /// Until then its tokens answer with the reason; from then on they are unknown.
    package var forgottenAt: Timestamp
    /// Whether no authentication brings it back, though it only idled out: it was locked, or somebody ended it again.
    package var isFinal: Bool

    package init(at: Timestamp, reason: EndReason, forgottenAt: Timestamp, isFinal: Bool = false) {
        self.at = at
        self.reason = reason
        self.forgottenAt = forgottenAt
        self.isFinal = isFinal
    }
}

extension SessionEnding {
    /// Whether an authentication can bring the session back, in its policy's window.
    var mayComeBack: Bool { reason == .expiredIdle && !isFinal }
}

/// Why a session is locked, and what leads out of it.
package struct SessionLock: Equatable, Sendable {
    /// The locked session above it that it was locked with; `nil` where it was locked itself.
    package let through: SessionID?
    /// The context that locked it. To unlock the session is to accept it.
    package let context: ClientContext?

    package init(through: SessionID? = nil, context: ClientContext? = nil) {
        self.through = through
        self.context = context
    }
}

/// A one-time ticket with which a session moves to another device.
package struct TransferTicket: Equatable, Sendable {
    package let digest: TokenDigest
    package let expiresAt: Timestamp
    package let keepsOriginal: Bool

    package init(digest: TokenDigest, expiresAt: Timestamp, keepsOriginal: Bool) {
        self.digest = digest
        self.expiresAt = expiresAt
        self.keepsOriginal = keepsOriginal
    }
}

/// What is kept of a session's tokens: digests, never the tokens.
package struct SessionCredentials: Equatable, Sendable {
    package var session: TokenDigest
    /// `nil` while the session waits for its second factor.
    package var refresh: RefreshCredential?
    /// The generation with which the present line of tokens began; older ones were replaced all at once.
    package var lineStart: Int
    /// When the last of its access tokens runs out.
    package var accessExpiresAt: Timestamp?

    package init(
        session: TokenDigest, refresh: RefreshCredential?, lineStart: Int, accessExpiresAt: Timestamp? = nil
    ) {
        self.session = session
        self.refresh = refresh
        self.lineStart = lineStart
        self.accessExpiresAt = accessExpiresAt
    }
}

/// What is kept of a refresh token.
package struct RefreshCredential: Equatable, Sendable {
    package var digest: TokenDigest
    package var expiresAt: Timestamp
    /// The token before the present one, for as long as it may be shown again.
    package var predecessor: Predecessor?

    package init(digest: TokenDigest, expiresAt: Timestamp, predecessor: Predecessor? = nil) {
        self.digest = digest
        self.expiresAt = expiresAt
        self.predecessor = predecessor
    }

    /// A refresh token that was replaced, and the salt its successor was derived with.
    package struct Predecessor: Equatable, Sendable {
        package let digest: TokenDigest
        /// 32 bytes.
        package let salt: [UInt8]
        package let replacedAt: Timestamp

        package init(digest: TokenDigest, salt: [UInt8], replacedAt: Timestamp) {
            self.digest = digest
            self.salt = salt
            self.replacedAt = replacedAt
        }
    }
}
