import Crypto
import Foundation
import SessionCore
import Testing

@testable import SessionCrypto

@Suite struct AccessTokenKeyTests {
    @Test("tokens outlive rotation for as long as their key is in the ring", arguments: SigningAlgorithm.allCases)
    func tokensOutlive(algorithm: SigningAlgorithm) async throws {
        let old = try await accessTokens(algorithm: algorithm).sign(claims())
        let rotated = try await accessTokens(keys: ["000000a1", "000000a2"], algorithm: algorithm)
        #expect(await rotated.read(old.exposed) == presented)

        let new = try rotated.sign(claims())
        #expect(try part(0, of: new)["kid"] as? String == "000000a2-\(algorithm.rawValue.lowercased())")
        #expect(await rotated.read(new.exposed) == presented)

        let retired = try await accessTokens(keys: ["000000a2"], algorithm: algorithm)
        #expect(await retired.read(old.exposed) == nil)
        #expect(await retired.read(new.exposed) == presented)
    }

    @Test("a key of the ring that is not current verifies but does not sign")
    func keyRing() async throws {
        let ahead = try await accessTokens(keys: ["000000a1", "000000a2"], current: "000000a1")
        #expect(try part(0, of: try ahead.sign(claims()))["kid"] as? String == "000000a1-es256")
        let new = try await accessTokens(keys: ["000000a1", "000000a2"]).sign(claims())
        #expect(await ahead.read(new.exposed) == presented)
    }

    @Test("the algorithm can be changed while tokens of the other one are valid")
    func algorithmCan() async throws {
        let one = try await accessTokens(algorithm: .es256)
        let other = try await accessTokens(algorithm: .edDSA)
        #expect(await other.read(try one.sign(claims()).exposed) == presented)
        #expect(await one.read(try other.sign(claims()).exposed) == presented)
        #expect(one.jwks == other.jwks)
    }

    @Test("tokens of another namespace are rejected", arguments: SigningAlgorithm.allCases)
    func tokensAnother(algorithm: SigningAlgorithm) async throws {
        let stranger = try await accessTokens(namespace: "sojourn2", algorithm: algorithm)
        let tokens = try await accessTokens()
        #expect(await tokens.read(try stranger.sign(claims()).exposed) == nil)
        #expect(tokens.jwks != stranger.jwks)
    }

    /// 0, the order of P-256 and anything above it are not private keys. The first candidate is invalid, as one in 2³²
    /// derivations is.
    @Test("a derived number that is not a valid key is skipped")
    func derivedNumber() {
        let order: [UInt8] =
            [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8)
            + [0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51]
        var last = order
        last[31] -= 1
        let candidates = [[UInt8](repeating: 0xFF, count: 32), order, [UInt8](repeating: 0, count: 32), last, order]
        let key = AccessTokenKey.firstScalar { SymmetricKey(data: candidates[$0]) }
        #expect(Array(key.rawRepresentation) == last)
    }
}

@Suite struct JSONWebKeySetTests {
    @Test("the set contains every key of the ring for either algorithm")
    func setContains() async throws {
        let keys = try await keySet(keys: ["000000a1", "000000a2"])
        #expect(keys.map { $0["kid"] } == ["000000a1-es256", "000000a1-eddsa", "000000a2-es256", "000000a2-eddsa"])
        #expect(Set(keys.compactMap { $0["x"] }).count == 4)
    }

    @Test("a key has the form of RFC 7518 and RFC 8037, and only its public half")
    func keyForm() async throws {
        let keys = try await keySet(keys: ["000000a1"])
        let point = Forge.es256Key.publicKey.rawRepresentation
        #expect(
            keys == [
                [
                    "kty": "EC", "crv": "P-256", "x": base64URL(point.prefix(32)), "y": base64URL(point.suffix(32)),
                    "use": "sig", "alg": "ES256", "kid": "000000a1-es256",
                ],
                [
                    "kty": "OKP", "crv": "Ed25519", "x": base64URL(Forge.edDSAKey.publicKey.rawRepresentation),
                    "use": "sig", "alg": "EdDSA", "kid": "000000a1-eddsa",
                ],
            ])
    }

    private func keySet(keys: [String]) async throws -> [[String: String]] {
        let set = try JSONSerialization.jsonObject(with: Data(try await accessTokens(keys: keys).jwks))
        return try #require((set as? [String: [[String: String]]])?["keys"])
    }
}
