import Crypto
package import SessionCore

/// Makes and reads tokens (contract §6).
///
/// A token is its kind's prefix and 92 base64url characters: the session's own 32 (subject handle and own part, as in its
/// id), 48 for its generation (4 bytes) and secret (32 bytes), and 12 of a tag (9 bytes). All parts begin at a multiple
/// of three bytes, so that each is a run of characters and nothing has to be decoded to find a session.
///
/// The tag is the checksum that refuses a mistyped token without a look-up, and it is keyed: session ids are public in
/// events, so with an open checksum anybody could make up an "old" refresh token and have its session revoked as reused.
package struct TokenCodec: TokenScheme {
    private static let sessionLength = 32
    private static let secretLength = 48
    private static let tagBytes = 9
    private static let length = 4 + sessionLength + secretLength + tagBytes * 4 / 3

    private let handles: SymmetricKey
    private let tags: SymmetricKey
    private let succession: SymmetricKey

    package init(keyring: Keyring, namespace: String) {
        let keys = DerivedKeys(keyring: keyring, namespace: namespace)
        handles = keys.key(for: .handles)
        tags = keys.key(for: .tokenTags)
        succession = keys.key(for: .succession)
    }

    /// 120 bits of a keyed hash. Tenant names have no NUL, so no two pairs are written alike.
    package func handle(tenant: String, subject: String) -> SubjectHandle {
        var message = Array(tenant.utf8)
        message.append(0)
        message.append(contentsOf: subject.utf8)
        let hash = HMAC<SHA256>.authenticationCode(for: message, using: handles)
        return SubjectHandle(text: Base64URL.encode(Array(hash).prefix(15)))
    }

    package func issue(_ kind: TokenKind, for session: SessionID, generation: Int, entropy: [UInt8]) -> IssuedToken {
        precondition(entropy.count == 32, "a token has 256 secret bits")
        guard let number = UInt32(exactly: generation) else {
            preconditionFailure("a session's generation fits 32 bits")
        }
        let secret = withUnsafeBytes(of: number.bigEndian) { Array($0) } + entropy
        let body = kind.rawValue + session.text.dropFirst(SessionID.prefix.count) + Base64URL.encode(secret)
        let text = body + tag(of: Array(body.utf8))
        return IssuedToken(text: Secret(text), digest: digest(of: text))
    }

    package func successor(of predecessor: PresentedToken, generation: Int, salt: [UInt8]) -> IssuedToken {
        precondition(salt.count == 32, "a salt has 32 bytes")
        var message = Array(predecessor.text.exposed.utf8)
        message.append(contentsOf: salt)
        let secret = HMAC<SHA256>.authenticationCode(for: message, using: succession)
        return issue(.refresh, for: predecessor.session, generation: generation, entropy: Array(secret))
    }

    package func read(_ text: String, as kind: TokenKind) -> PresentedToken? {
        let characters = Array(text.utf8)
        guard characters.count == Self.length, text.hasPrefix(kind.rawValue) else { return nil }
        let bodyLength = Self.length - Self.tagBytes * 4 / 3
        let expected = Array(tag(of: Array(characters[..<bodyLength])).utf8)
        var difference: UInt8 = 0
        for (left, right) in zip(characters[bodyLength...], expected) { difference |= left ^ right }
        guard difference == 0 else { return nil }

        let own = characters[4..<4 + Self.sessionLength]
        guard let session = SessionID(SessionID.prefix + String(decoding: own, as: UTF8.self)),
            let generation = Base64URL.decode(characters[4 + Self.sessionLength..<4 + Self.sessionLength + 8])
        else { return nil }
        return PresentedToken(
            kind: kind, session: session,
            generation: generation.prefix(4).reduce(0) { $0 << 8 | Int($1) }, digest: digest(of: text),
            text: Secret(text))
    }

    private func tag(of body: [UInt8]) -> String {
        Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: body, using: tags)).prefix(Self.tagBytes))
    }

    private func digest(of text: String) -> TokenDigest {
        TokenDigest(bytes: Array(SHA256.hash(data: Array(text.utf8))))
    }
}
