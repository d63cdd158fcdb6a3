import Crypto
import Foundation
import StrictFormats

@testable import SojournVerifier

/// Signs whatever a test wants signed, with keys of its own.
struct Issuer {
    /// 2026-11-20T22:00:00Z
    static let start: Int64 = 1_795_212_000

    let p256 = P256.Signing.PrivateKey()
    let ed25519 = Curve25519.Signing.PrivateKey()

    static let header = #"{"alg":"ES256","typ":"at+jwt","kid":"k1-es256"}"#
    static let edDSAHeader = #"{"alg":"EdDSA","typ":"at+jwt","kid":"k1-eddsa"}"#

    /// JSON by claim: what a worker writes.
    static let claims: [String: String] = [
        "iss": #""sojourn""#, "aud": #""sojourn""#, "sub": #""alice""#, "client_id": #""shop""#,
        "exp": "\(start + 300)", "iat": "\(start)", "jti": #""jti_1""#, "sid": #""ses_1""#, "gen": "1",
        "tenant": #""default""#, "acr": #""2""#, "amr": #"["pwd","otp"]"#,
    ]

    var jwks: [UInt8] { Array(#"{"keys":[\#(es256JWK),\#(edDSAJWK)]}"#.utf8) }

    var es256JWK: String {
        let point = p256.publicKey.rawRepresentation
        let (x, y) = (Base64URL.encode(point.prefix(32)), Base64URL.encode(point.suffix(32)))
        return #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","use":"sig","alg":"ES256","kid":"k1-es256"}"#
    }

    var edDSAJWK: String {
        let x = Base64URL.encode(ed25519.publicKey.rawRepresentation)
        return #"{"kty":"OKP","crv":"Ed25519","x":"\#(x)","use":"sig","alg":"EdDSA","kid":"k1-eddsa"}"#
    }

    /// - Parameter changed: JSON by claim, instead of the usual; an empty text leaves the claim out.
    func token(_ changed: [String: String] = [:], header: String = header) throws -> String {
        let claims = Self.claims.merging(changed) { $1 }.filter { !$1.isEmpty }
        return try signed(header, "{" + claims.map { #""\#($0)":\#($1)"# }.joined(separator: ",") + "}")
    }

    func signed(_ header: String, _ payload: String) throws -> String {
        let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
        let signature =
            header.contains("EdDSA")
            ? try ed25519.signature(for: Array(input.utf8))
            : try p256.signature(for: Array(input.utf8)).rawRepresentation
        return input + "." + Base64URL.encode(signature)
    }
}

extension UnixTime {
    /// Seconds after the tokens were issued.
    static func after(_ seconds: Double) -> UnixTime {
        UnixTime(milliseconds: Issuer.start * 1000 + Int64(seconds * 1000))
    }

    var rfc3339: String { date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
}

extension TokenCheck {
    static let standard = TokenCheck(issuer: "sojourn", audience: "sojourn", clockTolerance: .seconds(2))
}

/// The reason why `body` refuses a token; `nil` if it does not.
func refusal(_ body: () throws -> Void) -> TokenRefusal.Reason? {
    do {
        try body()
        return nil
    } catch {
        return (error as? TokenRefusal)?.reason
    }
}
