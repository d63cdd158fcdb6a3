import Crypto
import Foundation
import SessionCore
import SessionCrypto
import Testing

@Suite struct AccessTokenRefusalTests {
    private let tokens: AccessTokens

    init() async throws {
        tokens = try await accessTokens()
    }

    @Test("a token forged with our keys is accepted, so that the tests below mean something")
    func tokenForged() async throws {
        var forge = Forge()
        #expect(await tokens.read(try forge.signedWithES256()) == presented)
        forge.header["alg"] = "EdDSA"
        forge.header["kid"] = "000000a1-eddsa"
        #expect(await tokens.read(try forge.signedWithEdDSA()) == presented)
    }

    // MARK: Signatures

    @Test("a token with any one character changed is rejected", arguments: SigningAlgorithm.allCases)
    func tokenCharacter(algorithm: SigningAlgorithm) async throws {
        let text = Array(try await tokens(signingWith: algorithm).sign(claims()).exposed.utf8)
        for index in text.indices {
            for replacement in Array("Aa9_.=".utf8) where replacement != text[index] {
                var changed = text
                changed[index] = replacement
                #expect(await tokens.read(String(decoding: changed, as: UTF8.self)) == nil, "at \(index)")
            }
        }
    }

    private func tokens(signingWith algorithm: SigningAlgorithm) async throws -> AccessTokens {
        try await accessTokens(algorithm: algorithm)
    }

    @Test("the payload or signature of another token is rejected")
    func payloadSignature() async throws {
        let one = try tokens.sign(claims()).exposed.split(separator: ".")
        let other = try tokens.sign(claims(subject: "bob")).exposed.split(separator: ".")
        #expect(await tokens.read("\(one[0]).\(other[1]).\(one[2])") == nil)
        #expect(await tokens.read("\(one[0]).\(one[1]).\(other[2])") == nil)
    }

    @Test("a token without a signature is rejected")
    func tokenWithout() async throws {
        var forge = Forge()
        forge.header["alg"] = "none"
        #expect(await tokens.read(try forge.token { _ in Data() }) == nil)
        forge.header["kid"] = nil
        #expect(await tokens.read(try forge.token { _ in Data() }) == nil)
        forge = Forge()
        #expect(await tokens.read(try forge.token { _ in Data() }) == nil)
        #expect(await tokens.read(try forge.token { _ in Data(count: 64) }) == nil)
    }

    /// The public key, which anyone has, used as an HMAC secret (RFC 8725, section 2.1).
    @Test("no other algorithm is accepted", arguments: ["HS256", "RS256", "ES384", "es256", "ES256 ", "MLDSA65"])
    func otherAlgorithm(algorithm: String) async throws {
        var forge = Forge()
        forge.header["alg"] = algorithm
        let publicKey = Forge.es256Key.publicKey
        let secrets = [
            publicKey.rawRepresentation, publicKey.x963Representation, Data(publicKey.pemRepresentation.utf8),
        ]
        for secret in secrets {
            let token = try forge.token { input in
                Data(HMAC<SHA512>.authenticationCode(for: input, using: SymmetricKey(data: secret)))
            }
            #expect(await tokens.read(token) == nil)
            let short = try forge.token { input in
                Data(HMAC<SHA256>.authenticationCode(for: input, using: SymmetricKey(data: secret)))
            }
            #expect(await tokens.read(short) == nil)
        }
        #expect(await tokens.read(try forge.signedWithES256()) == nil)
    }

    @Test("an algorithm is accepted only with a key of that algorithm")
    func algorithmAccepted() async throws {
        var forge = Forge()
        forge.header["alg"] = "EdDSA"
        #expect(await tokens.read(try forge.signedWithES256()) == nil)
        #expect(await tokens.read(try forge.signedWithEdDSA()) == nil)
        forge = Forge()
        forge.header["kid"] = "000000a1-eddsa"
        #expect(await tokens.read(try forge.signedWithES256()) == nil)
        #expect(await tokens.read(try forge.signedWithEdDSA()) == nil)
    }

    // MARK: Headers

    @Test(
        "a key id that is not in the ring is not replaced by another key",
        arguments: ["000000a2-es256", "000000a1", "", "000000A1-es256", "000000a1-ES256"])
    func keyId(keyID: String) async throws {
        var forge = Forge()
        forge.header["kid"] = keyID
        #expect(await tokens.read(try forge.signedWithES256()) == nil)
    }

    @Test("a header must contain all three members, as texts", arguments: ["typ", "alg", "kid"])
    func headerMust(name: String) async throws {
        var forge = Forge()
        forge.header[name] = nil
        #expect(await tokens.read(try forge.signedWithES256()) == nil)
        for value in [NSNull(), 1, ["ES256"], true] as [Any] {
            forge.header[name] = value
            #expect(await tokens.read(try forge.signedWithES256()) == nil)
        }
    }

    @Test(
        "only the type of an access token is accepted, in any case",
        arguments: [
            ("AT+JWT", true), ("application/at+jwt", true), ("Application/At+Jwt", true), ("JWT", false),
            ("jwt", false),
            ("", false), ("at+jwt ", false), ("text/at+jwt", false), ("secevent+jwt", false),
        ])
    func typeAccess(type: String, isTaken: Bool) async throws {
        var forge = Forge()
        forge.header["typ"] = type
        #expect((await tokens.read(try forge.signedWithES256()) != nil) == isTaken)
    }

    @Test("a header with critical extensions is rejected")
    func headerCritical() async throws {
        var forge = Forge()
        for critical in [["exp"], [], "exp", NSNull()] as [Any] {
            forge.header["crit"] = critical
            #expect(await tokens.read(try forge.signedWithES256()) == nil)
        }
    }

    @Test(
        "an ambiguous header is rejected",
        arguments: [
            #"{"typ":"at+jwt","alg":"none","alg":"ES256","kid":"000000a1-es256"}"#,
            #"{"typ":"at+jwt","alg":"ES256","kid":"000000a1-es256","x":[[[[]]]]}"#,
            #"{"typ":"at+jwt","alg":"ES256","kid":"000000a1-es256"}x"#,
            #"["at+jwt","ES256","000000a1-es256"]"#, #""ES256""#, "{", "", "\u{1}",
        ])
    func ambiguousHeader(text: String) async throws {
        #expect(await tokens.read(try Forge(headerText: text).signedWithES256()) == nil)
    }

    /// Parsing a whole header, jwt-kit itself would crash on such a number.
    @Test("other members of a header are harmless")
    func otherMembers() async throws {
        let text = #"{"typ":"at+jwt","alg":"ES256","kid":"000000a1-es256","x":1e300,"jwk":{"kty":"oct","k":"AA"}}"#
        #expect(await tokens.read(try Forge(headerText: text).signedWithES256()) == presented)
    }

    // MARK: Claims

    @Test("tokens of other issuers and audiences are rejected")
    func tokensOther() async throws {
        for (issuer, audience) in [("issuer2", "audience"), ("issuer", "audience2"), ("", "audience"), ("ISSUER", "")] {
            let stranger = try await accessTokens(issuer: issuer, audience: audience)
            #expect(await tokens.read(try stranger.sign(claims()).exposed) == nil)
        }
    }

    @Test(
        "a token without one of the claims is rejected",
        arguments: [
            "iss", "aud", "sub", "client_id", "exp", "iat", "jti", "sid", "gen", "tenant", "acr", "amr",
        ])
    func tokenWithoutClaims(name: String) async throws {
        var forge = Forge()
        forge.payload[name] = nil
        #expect(await tokens.read(try forge.signedWithES256()) == nil)
        forge.payload[name] = NSNull()
        #expect(await tokens.read(try forge.signedWithES256()) == nil)
        forge.payload[name] = ["audience": 1]
        #expect(await tokens.read(try forge.signedWithES256()) == nil)
    }

    @Test("an invalid expiry is rejected", arguments: [Int64.max, Int64.max / 1000 + 1, -1, .min])
    func invalidExpiry(expiry: Int64) async throws {
        var forge = Forge()
        forge.payload["exp"] = expiry
        #expect(await tokens.read(try forge.signedWithES256()) == nil)
    }

    @Test("expiry is left to the rules")
    func expiryLeft() async throws {
        var forge = Forge()
        forge.payload["exp"] = 1
        #expect(await tokens.read(try forge.signedWithES256())?.expiresAt == Timestamp(milliseconds: 1000))
    }

    @Test(
        "an invalid session id is rejected",
        arguments: ["", "alice", "ses_0123456789abcdefghijabcDEF012-_", "sjs_0123456789abcdefghijabcDEF012-_z"])
    func invalidSession(id: String) async throws {
        var forge = Forge()
        forge.payload["sid"] = id
        #expect(await tokens.read(try forge.signedWithES256()) == nil)
    }

    // MARK: Texts

    @Test("a text that is not a token is rejected")
    func textToken() async throws {
        let token = try Forge().signedWithES256()
        let parts = token.split(separator: ".")
        let texts = [
            "", ".", "..", "...", "a.b.c", "sjs_abc", " " + token, token + " ", token + ".", "." + token,
            "\(parts[0]).\(parts[1])", "\(parts[0])..\(parts[2])", "\(token).\(parts[2])", token + "\u{301}",
            token.replacing(".", with: "。"), String(repeating: ".", count: 16_384),
        ]
        for text in texts { #expect(await tokens.read(text) == nil, "\(text)") }
    }

    @Test("a text over 16 KiB is rejected, whatever its content")
    func textOver() async throws {
        var forge = Forge()
        forge.payload["sub"] = String(repeating: "a", count: 11_600)
        #expect(await tokens.read(try forge.signedWithES256()) != nil)
        forge.payload["sub"] = String(repeating: "a", count: 12_000)
        #expect(await tokens.read(try forge.signedWithES256()) == nil)
    }

    /// The last character of 64 bytes in Base64 has four unused bits, which Foundation ignores.
    @Test("a signature has only one accepted encoding")
    func signatureAccepted() async throws {
        let token = try tokens.sign(claims()).exposed
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let last = try #require(token.last.flatMap { alphabet.firstIndex(of: $0) })
        for spare in 1..<16 { #expect(await tokens.read(token.dropLast() + String(alphabet[last + spare])) == nil) }
        #expect(await tokens.read(token + "==") == nil)
        #expect(await tokens.read(token) == presented)
    }
}
