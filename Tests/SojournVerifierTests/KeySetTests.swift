import Foundation
import Testing

@testable import SojournVerifier

@Suite("The issuer's keys")
struct KeySetTests {
    private let issuer = Issuer()

    private func set(_ keys: String...) throws -> KeySet {
        try KeySet(Array(#"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8))
    }

    @Test(
        "a document that is no key set is refused",
        arguments: ["", "{}", "[]", #"{"keys":{}}"#, #"{"keys":[1]}"#, #"{"keys":[]}"#, #"{"keys":[],"keys":[]}"#])
    func noKeySet(document: String) {
        #expect(throws: KeySet.Problem.self) { try KeySet(Array(document.utf8)) }
    }

    @Test("keys of other kinds and for other uses are skipped")
    func others() throws {
        let keys = try set(
            issuer.edDSAJWK, #"{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"r","use":"sig"}"#,
            issuer.es256JWK.replacing("P-256", with: "P-384"), issuer.es256JWK.replacing("sig", with: "enc"),
            issuer.es256JWK.replacing("ES256", with: "ECDH-ES"),
            issuer.es256JWK.replacing(#","kid":"k1-es256""#, with: ""), #"{"kty":"new"}"#)
        #expect(keys.keys.keys.sorted() == ["k1-eddsa"])
    }

    @Test("a key that is ours and broken is refused, and so is a private one, of any kind")
    func broken() throws {
        let x = try #require(issuer.edDSAJWK.firstMatch(of: /"x":"([^"]+)"/)).1
        for key in [
            issuer.edDSAJWK.replacing(x, with: x.dropLast(2)), issuer.edDSAJWK.replacing(x, with: x + "AA"),
            issuer.edDSAJWK.replacing(#""x":""#, with: #""x":"="#),
            issuer.es256JWK.replacing(#""x":""#, with: #""z":""#),
            // A point that is on no curve: y is 1.
            issuer.es256JWK.replacing(/"y":"[^"]+"/, with: #""y":"\#(String(repeating: "A", count: 42))E""#),
            issuer.es256JWK.replacing(#""kty""#, with: #""d":"AA","kty""#),
            #"{"kty":"oct","k":"AA","kid":"s"}"#,
        ] {
            #expect(throws: KeySet.Problem.self, "\(key)") {
                try set(issuer.edDSAJWK.replacing("k1-eddsa", with: "k0-eddsa"), key)
            }
        }
    }

    @Test("the same kid twice is refused")
    func duplicate() {
        #expect(throws: KeySet.Problem(message: "has two keys with the same kid")) {
            try set(issuer.es256JWK, issuer.edDSAJWK.replacing("k1-eddsa", with: "k1-es256"))
        }
    }

    @Test("too many keys, and too large a document, are refused")
    func limits() throws {
        let other = #"{"kty":"new"}"#
        let many = Array(repeating: other, count: KeySet.Limits.keys - 1).joined(separator: ",")
        #expect(try set(many, issuer.es256JWK).keys.count == 1)
        #expect(throws: KeySet.Problem.self) { try set(many, other, issuer.es256JWK) }
        let padding = String(repeating: " ", count: KeySet.Limits.document)
        #expect(throws: KeySet.Problem.self) { try KeySet(issuer.jwks + Array(padding.utf8)) }
    }
}
