/// What is stored about a session's tokens: digests, never the tokens themselves.
package struct SessionCredentials: Equatable, Sendable {
    package var session: TokenDigest
    /// `nil` while the session is pending.
    package var refresh: RefreshCredential?
    /// The generation that the current line of tokens began with. All tokens of earlier generations were replaced at
    /// once.
    package var lineStart: Int
    /// When the last of its access tokens expires.
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

/// What is stored about a refresh token.
package struct RefreshCredential: Equatable, Sendable {
    package var digest: TokenDigest
    package var expiresAt: Timestamp
    /// The previous token, as long as it may be used again.
    package var predecessor: Predecessor?

    package init(digest: TokenDigest, expiresAt: Timestamp, predecessor: Predecessor? = nil) {
        self.digest = digest
        self.expiresAt = expiresAt
        self.predecessor = predecessor
    }

    /// A replaced refresh token, and the salt that its successor was derived with.
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

/// A one-time ticket that moves a session to another device.
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
