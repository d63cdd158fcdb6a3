/// The kinds of token. Each has a prefix that secret scanners can match.
package enum TokenKind: String, Sendable, CaseIterable {
    case session = "sjs_"
    case refresh = "sjr_"
    case ticket = "sjt_"
}

/// The SHA-256 digest of a token; the token itself is not stored. Comparison takes constant time.
package struct TokenDigest: Sendable {
    package static let length = 32

    /// 32 bytes.
    package let bytes: [UInt8]

    /// - Precondition: `bytes` has 32 elements.
    package init(bytes: [UInt8]) {
        precondition(bytes.count == Self.length, "a token digest is 32 bytes long")
        self.bytes = bytes
    }
}

extension TokenDigest: Equatable {
    package static func == (left: TokenDigest, right: TokenDigest) -> Bool {
        var difference: UInt8 = 0
        for index in 0..<length { difference |= left.bytes[index] ^ right.bytes[index] }
        return difference == 0
    }
}

/// A token that was just issued: its text, for the caller only, and the digest to store.
package struct IssuedToken: Sendable {
    package let text: Secret
    package let digest: TokenDigest

    package init(text: Secret, digest: TokenDigest) {
        self.text = text
        self.digest = digest
    }
}

/// A token in a command that this namespace issued: its keyed checksum has been verified. Whether it is current depends
/// on the session's record.
package struct PresentedToken: Sendable {
    package let kind: TokenKind
    package let session: SessionID
    /// The session's generation when the token was issued.
    package let generation: Int
    package let digest: TokenDigest
    package let text: Secret

    package init(kind: TokenKind, session: SessionID, generation: Int, digest: TokenDigest, text: Secret) {
        self.kind = kind
        self.session = session
        self.generation = generation
        self.digest = digest
        self.text = text
    }
}
