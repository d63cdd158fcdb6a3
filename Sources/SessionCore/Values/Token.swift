/// What a token is good for; each kind has a prefix that secret scanners can match.
package enum TokenKind: String, Sendable, CaseIterable {
    case session = "sjs_"
    case refresh = "sjr_"
    case ticket = "sjt_"
}

/// A text that must not be seen: it prints as `[redacted]` whatever prints it.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself. Naming this property is the moment to ask who will read it.
    package let exposed: String

    package init(_ text: String) {
        exposed = text
    }

    package var description: String { "[redacted]" }
    package var debugDescription: String { "[redacted]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// SHA-256 of a token, which is all that is kept of it. Equality takes the same time wherever the digests differ.
package struct TokenDigest: Sendable {
    package static let length = 32

    /// 32 bytes.
    package let bytes: [UInt8]

    /// - Precondition: `bytes` are 32.
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

/// A token that was just made: its text, for the caller alone, and the digest that is kept.
package struct IssuedToken: Sendable {
    package let text: Secret
    package let digest: TokenDigest

    package init(text: Secret, digest: TokenDigest) {
        self.text = text
        self.digest = digest
    }
}

/// A token that a caller showed and that this namespace once issued: its checksum, which is keyed, has been verified.
/// Whether it is the current one only the session's record can tell.
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

/// Makes and reads tokens and handles. Pure: the same input gives the same output; entropy comes from outside.
package protocol TokenScheme: Sendable {
    /// The handle under which everything of this tenant's subject is kept.
    func handle(tenant: String, subject: String) -> SubjectHandle

    /// A token whose secret is `entropy` (32 bytes).
    func issue(_ kind: TokenKind, for session: SessionID, generation: Int, entropy: [UInt8]) -> IssuedToken

    /// The refresh token that follows `predecessor`: its secret is derived from the predecessor's text and `salt`
    /// (32 bytes, kept with the session), so that it can be given out again without having been kept.
    func successor(of predecessor: PresentedToken, generation: Int, salt: [UInt8]) -> IssuedToken

    /// Reads a token; `nil` where it is damaged, of another kind, or not of this namespace.
    func read(_ text: String, as kind: TokenKind) -> PresentedToken?

    /// A text that tells nobody anything, and says to go on behind this place of the subject's sessions.
    func cursor(behind place: ListPlace, of handle: SubjectHandle) -> String

    /// Reads a cursor; `nil` where it is damaged, or another subject's.
    func place(of cursor: String, of handle: SubjectHandle) -> ListPlace?
}
