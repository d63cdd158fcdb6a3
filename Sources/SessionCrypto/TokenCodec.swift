import Crypto
package import SessionCore

/// Creates and parses tokens (contract §6).
///
/// A token is the prefix of its kind followed by 92 base64url characters: 32 for the session (subject handle and own
/// part, as in its id), 48 for its generation (4 bytes) and secret (32 bytes), and 12 for a tag (9 bytes). Every part
/// begins at a multiple of three bytes and is therefore a run of whole characters, so a session can be found without
/// decoding.
///
/// The tag is a checksum that rejects a mistyped token without a look-up. It is keyed because session ids are public in
/// events: with an open checksum anyone could forge an "old" refresh token and have its session revoked for reuse.
package struct TokenCodec: TokenScheme {
    private static let prefixLength = 4
    private static let sessionLength = 32
    private static let tagBytes = 9
    /// The part the tag covers: everything before it.
    private static let bodyLength = prefixLength + sessionLength + 48
    /// Of every token, in characters.
    package static let length = bodyLength + tagBytes * 4 / 3

    private let handles: HMACKey
    private let tags: HMACKey
    private let succession: HMACKey
    private let cursors: ListCursors

    package init(keyring: Keyring, namespace: String) {
        let keys = DerivedKeys(keyring: keyring, namespace: namespace)
        handles = keys.key(for: .handles)
        tags = keys.key(for: .tokenTags)
        succession = keys.key(for: .succession)
        cursors = ListCursors(keys: keys)
    }

    /// 120 bits of a keyed hash. Tenant names contain no NUL, so different pairs never have the same encoding.
    package func handle(tenant: String, subject: String) -> SubjectHandle {
        let code = handles.code(length: tenant.utf8.count + 1 + subject.utf8.count) { message in
            message.append(contentsOf: tenant.utf8)
            message.append(0)
            message.append(contentsOf: subject.utf8)
        }
        return SubjectHandle(text: code.withUnsafeBytes { Base64URL.encode($0.prefix(15)) })
    }

    package func issue(_ kind: TokenKind, for session: SessionID, generation: Int, entropy: [UInt8]) -> IssuedToken {
        precondition(entropy.count == 32, "a token has 256 secret bits")
        var token: [UInt8] = []
        token.reserveCapacity(Self.length)
        token.append(contentsOf: kind.rawValue.utf8)
        token.append(contentsOf: session.text.utf8.dropFirst(SessionID.prefix.utf8.count))
        Base64URL.append(Self.bytes(ofGeneration: generation) + entropy, to: &token)
        let tag = token.withUnsafeBytes(tags.code(of:))
        tag.withUnsafeBytes { Base64URL.append($0.prefix(Self.tagBytes), to: &token) }
        return IssuedToken(
            text: Secret(String(decoding: token, as: UTF8.self)), digest: token.withUnsafeBytes { Self.digest(of: $0) })
    }

    package func successor(of predecessor: PresentedToken, generation: Int, salt: [UInt8]) -> IssuedToken {
        precondition(predecessor.kind == .refresh, "only a refresh token has a successor")
        precondition(salt.count == 32, "a salt has 32 bytes")
        let code = succession.code(length: Self.length + 36) { message in
            message.append(contentsOf: predecessor.text.exposed.utf8)
            message.append(contentsOf: salt)
            message.append(contentsOf: Self.bytes(ofGeneration: generation))
        }
        let secret = code.withUnsafeBytes { Array($0) }
        return issue(.refresh, for: predecessor.session, generation: generation, entropy: secret)
    }

    package func read(_ text: String, as kind: TokenKind) -> PresentedToken? {
        var characters = text
        return characters.withUTF8 { utf8 in
            guard utf8.count == Self.length, utf8.starts(with: kind.rawValue.utf8), hasRightTag(utf8) else {
                return nil
            }
            // For a token that was issued here, nothing below can fail, and the tag proves that this one was.
            let generationStart = Self.prefixLength + Self.sessionLength
            let id = String(unsafeUninitializedCapacity: SessionID.length) { text in
                let prefixEnd = text.initialize(fromContentsOf: SessionID.prefix.utf8)
                return text[prefixEnd...].initialize(fromContentsOf: utf8[Self.prefixLength..<generationStart])
            }
            guard let session = SessionID(id),
                let generation = Base64URL.decode(utf8[generationStart..<generationStart + 8])
            else { return nil }
            return PresentedToken(
                kind: kind, session: session,
                generation: generation.prefix(4).reduce(0) { $0 << 8 | Int($1) },
                digest: Self.digest(of: UnsafeRawBufferPointer(utf8)), text: Secret(text))
        }
    }

    package func cursor(behind place: ListPlace, of handle: SubjectHandle) -> String {
        cursors.cursor(behind: place, of: handle)
    }

    package func place(of cursor: String, of handle: SubjectHandle) -> ListPlace? {
        cursors.place(of: cursor, of: handle)
    }

    /// Whether a token ends with the tag of its body. The comparison takes constant time, wherever they differ.
    ///
    /// - Precondition: the token has the right length.
    private func hasRightTag(_ token: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let presented = Base64URL.decode(token[Self.bodyLength...]) else { return false }
        let code = tags.code(of: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(token)[..<Self.bodyLength]))
        return code.withUnsafeBytes { right in
            var difference: UInt8 = 0
            for index in 0..<Self.tagBytes { difference |= presented[index] ^ right[index] }
            return difference == 0
        }
    }

    private static func bytes(ofGeneration generation: Int) -> [UInt8] {
        guard let number = UInt32(exactly: generation) else {
            preconditionFailure("a session's generation fits 32 bits")
        }
        return withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    private static func digest(of token: UnsafeRawBufferPointer) -> TokenDigest {
        SHA256.hash(data: token).withUnsafeBytes { TokenDigest($0.bytes) }
    }
}
