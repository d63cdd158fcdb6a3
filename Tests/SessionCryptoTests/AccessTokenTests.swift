import Crypto
import Foundation
import SessionCore
import Testing

@testable import SessionCrypto

@Suite struct AccessTokenTests {
    @Test(
        "a token verifies to the claims that were signed, however often it is presented",
        arguments: SigningAlgorithm.allCases)
    func tokenVerifies(algorithm: SigningAlgorithm)
        async throws
    {
        let tokens = try await accessTokens(algorithm: algorithm)
        let text = try tokens.sign(claims()).exposed
        for _ in 0..<3 { #expect(await tokens.read(text) == presented) }
        #expect(await tokens.read(text + "A") == nil)
    }

    @Test("the header contains type, algorithm and key, and nothing else", arguments: SigningAlgorithm.allCases)
    func headerContains(algorithm: SigningAlgorithm) async throws {
        let header = try part(0, of: try await accessTokens(algorithm: algorithm).sign(claims()))
        #expect(
            header as? [String: String] == [
                "typ": "at+jwt", "alg": algorithm.rawValue, "kid": "000000a1-\(algorithm.rawValue.lowercased())",
            ])
    }

    @Test("the claims are those of RFC 9068 and ours, with times in whole seconds")
    func claimsRfc() async throws {
        let payload = try part(1, of: try await accessTokens().sign(claims(actor: "support")))
        let expected: [String: Any] = [
            "iss": "issuer", "aud": "audience", "sub": "alice", "client_id": "orders", "exp": 1_795_212_300,
            "iat": 1_795_212_000, "jti": "jti-1", "sid": session.text, "gen": 3, "tenant": "acme", "acr": "2",
            "amr": ["pwd", "otp"], "auth_time": 1_795_211_940, "act": ["sub": "support"],
        ]
        #expect(NSDictionary(dictionary: payload) == NSDictionary(dictionary: expected))
    }

    @Test("claims that do not apply are absent")
    func claimsApply() async throws {
        let tokens = try await accessTokens()
        let token = try tokens.sign(claims(authenticatedAt: nil))
        let payload = try part(1, of: token)
        #expect(payload["auth_time"] == nil && payload["act"] == nil)
        #expect(payload.count == 12)
        #expect(await tokens.read(token.exposed) == presented)
    }

    @Test("everything the contract allows in a token can be read back")
    func everythingContract() async throws {
        let longest = String(repeating: "\u{1}", count: 256)
        let tokens = try await accessTokens()
        let token = try tokens.sign(
            claims(
                actor: longest, subject: longest, clientID: String(repeating: "\u{1}", count: 255),
                methods: (0..<32).map { String(repeating: "\u{1}", count: 31) + String($0, radix: 32) }))
        #expect(token.exposed.utf8.count > 14_000)
        #expect(await tokens.read(token.exposed) == presented)
    }

    @Test("a token does not print")
    func tokenPrint() async throws {
        let token = try await accessTokens().sign(claims())
        #expect("\(token)" == "[redacted]")
    }

    @Test("the token scheme prints nothing of its keys")
    func tokenScheme() async throws {
        let tokens = try await accessTokens()
        var printed = "\(tokens) \(String(reflecting: tokens)) "
        dump(tokens, to: &printed)
        #expect(printed.contains("000000a1-es256"))
        #expect(!printed.contains("Key") && printed.utf8.count < 300)
    }
}

@Suite struct RecentAccessTokenTests {
    @Test("cached tokens are found, and the cache stays within its limit")
    func cachedTokens() {
        let recent = RecentAccessTokens()
        let digests = (0...4096).map { number in
            withUnsafeBytes(of: number) { SHA256.hash(data: $0) }
        }
        for digest in digests.dropLast() { recent.keep(presented, digest) }
        #expect(recent.token(digests[0]) == presented)
        #expect(recent.token(digests[4096]) == nil)
        recent.keep(presented, digests[4096])
        #expect(recent.token(digests[0]) == nil)
        #expect(recent.token(digests[4096]) == presented)
    }
}
