/// The kinds of token. Each has a prefix that secret scanners can match.
package enum TokenKind: String, Sendable, CaseIterable {
    case session = "sjs_"
    case refresh = "sjr_"
    case ticket = "sjt_"
}

/// A text that must not be disclosed: it always prints as `[redacted]`.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself. Before using this property, consider who will see it.
    package let exposed: String

    package init(_ text: String) {
        exposed = text
    }

    package var description: String { "[redacted]" }
    package var debugDescription: String { "[redacted]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
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

/// Issues and parses tokens and handles. Pure: the same input gives the same output, and entropy is passed in.
package protocol TokenScheme: Sendable {
    /// The handle under which everything about this tenant's subject is stored.
    func handle(tenant: String, subject: String) -> SubjectHandle

    /// A token whose secret is `entropy` (32 bytes).
    func issue(_ kind: TokenKind, for session: SessionID, generation: Int, entropy: [UInt8]) -> IssuedToken

    /// The successor of a refresh token. Its secret is derived from the predecessor's text and `salt` (32 bytes, stored
    /// with the session), so that it can be issued again without being stored.
    func successor(of predecessor: PresentedToken, generation: Int, salt: [UInt8]) -> IssuedToken

    /// Parses a token; `nil` if it is damaged, of another kind, or from another namespace.
    func read(_ text: String, as kind: TokenKind) -> PresentedToken?

    /// An opaque text that encodes a position in the subject's list, to resume after it.
    func cursor(behind place: ListPlace, of handle: SubjectHandle) -> String

    /// Parses a cursor; `nil` if it is damaged or belongs to another subject.
    func place(of cursor: String, of handle: SubjectHandle) -> ListPlace?
}
