import SessionContract
import SessionCore
import TestSupport

@testable import SessionCrypto

// What claims to be ours: tokens, access tokens, sealed records.
extension FuzzTarget {
    static var tokens: [FuzzTarget] {
        [
            FuzzTarget(name: "token", maximumBytes: 200, seeds: issued.map { [UInt8]($0.utf8) }, run: readToken),
            FuzzTarget(name: "access-token", maximumBytes: 1024, seeds: accessTokens, run: readAccessToken),
            FuzzTarget(name: "sealed", maximumBytes: 300, seeds: [sealed], run: open),
        ]
    }

    // MARK: Tokens of sessions

    private static let issued = TokenKind.allCases.map { kind in
        Keys.tokens.issue(kind, for: Keys.session, generation: 1, entropy: Array(repeating: 7, count: 32)).text.exposed
    }

    /// No text but what was issued is a token, in whatever way it differs.
    private static func readToken(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        for (kind, own) in zip(TokenKind.allCases, issued) {
            guard let token = Keys.tokens.read(text, as: kind) else {
                require(!text.isExactly(own), "a token that was issued is refused")
                continue
            }
            require(text.isExactly(own), "a token was forged, or has two forms")
            require(token.session == Keys.session && token.generation == 1, "a token says something else")
        }
    }

    // MARK: Access tokens

    /// Signed with EdDSA, which signs the same text the same way each time, so that what a corpus holds can be told from a
    /// forgery.
    static let access: AccessTokens = {
        let made = Made<AccessTokens>()
        try? OneThread.run {
            made.value = await AccessTokens(
                keyring: Keys.keyring, at: Keys.now, namespace: Keys.namespace, issuer: "sojourn", audience: "sojourn",
                algorithm: .edDSA)
        }
        guard let tokens = made.value else { fatalError("no access tokens") }
        return tokens
    }()
    private static let signingKeys = SigningAlgorithm.allCases.map {
        AccessTokenKey(Keys.keyring.keys[0], algorithm: $0, namespace: Keys.namespace)
    }
    private static let claims = AccessTokenClaims(
        id: "jti_1", session: Keys.session, generation: 1, tenant: "default", subject: "alice", clientID: "shop",
        level: 1,
        methods: ["pwd"], authenticatedAt: Keys.now, actor: nil, issuedAt: Keys.now,
        expiresAt: Keys.now.adding(seconds: 300))
    static let valid: String = {
        guard let token = try? access.sign(claims) else { fatalError("an access token cannot be signed") }
        return token.exposed
    }()

    /// As it is, and as the payload or the header of a token that is signed as ours.
    static var accessTokens: [[UInt8]] {
        let parts = valid.split(separator: ".").compactMap { Base64URL.decode($0.utf8) }
        return [[0] + Array(valid.utf8), [1] + parts[1], [2] + parts[0]]
    }

    /// What an input presents. Its first byte decides what the rest is: a whole token, or the payload or the header of one
    /// that is signed with our keys.
    static func presented(_ input: [UInt8]) -> String? {
        guard let first = input.first else { return nil }
        let rest = Array(input.dropFirst())
        let key = signingKeys[Int(first / 3) % signingKeys.count]
        return switch first % 3 {
        case 0: String(decoding: rest, as: UTF8.self)
        case 1: signed(key.header() + encoded(rest), by: key)
        default: signed(encoded(rest) + Array(".e30".utf8), by: key)
        }
    }

    /// A token without our signature is refused, and so is one whose parts we would not have written.
    private static func readAccessToken(_ input: [UInt8]) {
        guard let text = presented(input) else { return }
        _ = access.isKeyUnknown(of: text)
        guard let token = read(text) else { return }
        switch input[0] % 3 {
        case 0: require(text.isExactly(valid), "an access token was forged, or has two forms")
        case 1:
            require(token.generation >= 0, "a generation is negative")
            require(!token.tenant.isEmpty, "a tenant is empty")
        default: fatalError("an access token without claims is accepted")
        }
    }

    private static func encoded(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        Base64URL.append(bytes, to: &text)
        return text
    }

    private static func signed(_ text: [UInt8], by key: AccessTokenKey) -> String {
        guard let signature = try? key.signature(of: text) else { fatalError("nothing can be signed") }
        return String(decoding: text + Array(".".utf8) + encoded(signature), as: UTF8.self)
    }

    static func read(_ text: String) -> PresentedAccessToken? {
        let made = Made<PresentedAccessToken>()
        try? OneThread.run { made.value = await access.read(text) }
        return made.value
    }

    // MARK: Seals

    private static let context = Array("sojourn:{00}:a:x".utf8)
    private static let content = Array("what is sealed".utf8)
    private static let sealed = Keys.sealer.seal(content, context: context)

    /// What can be opened is what was sealed: by this process, or by the one that put its seal into the corpus.
    private static func open(_ input: [UInt8]) {
        let opened = try? Keys.sealer.open(input, context: context)
        require(opened == nil || opened == content, "a seal was forged")
        require(opened != nil || input != sealed, "what was sealed cannot be opened")
    }
}

/// What an asynchronous function returned. Everything runs on one thread.
private final class Made<Value>: @unchecked Sendable {
    var value: Value?
}
