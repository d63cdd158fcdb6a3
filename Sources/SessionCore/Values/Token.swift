/// The kinds of token. Each has a prefix that secret scanners can match.
package enum TokenKind: String, Sendable, CaseIterable {
    case session = "sjs_"
    case refresh = "sjr_"
    case ticket = "sjt_"
}

/// The SHA-256 digest of a token; the token itself is not stored. Comparison takes constant time.
package struct TokenDigest: Sendable {
    package static let length = 32

    /// No array: a session has up to four digests, and most of them are only copied.
    private let words: InlineArray<4, UInt64>

    /// - Precondition: `bytes` has 32 elements.
    package init(_ bytes: RawSpan) {
        precondition(bytes.byteCount == Self.length, "a token digest is 32 bytes long")
        words = InlineArray { bytes.unsafeLoadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
    }

    /// - Precondition: `bytes` has 32 elements.
    package init(bytes: [UInt8]) {
        self.init(bytes.span.bytes)
    }

    package func withUnsafeBytes<Result>(_ read: (UnsafeRawBufferPointer) -> Result) -> Result {
        Swift.withUnsafeBytes(of: words, read)
    }
}

extension TokenDigest: Equatable {
    package static func == (left: TokenDigest, right: TokenDigest) -> Bool {
        var difference: UInt64 = 0
        for index in left.words.indices { difference |= left.words[index] ^ right.words[index] }
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
