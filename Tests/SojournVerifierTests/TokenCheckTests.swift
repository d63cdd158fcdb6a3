import Foundation
import SessionCore
import SessionCrypto
import StrictFormats
import Testing

@testable import SojournVerifier

@Suite("What a token says by itself")
struct TokenCheckTests {
    private let issuer = Issuer()

    private func reason(_ text: String, _ check: TokenCheck = .standard) throws -> TokenRefusal.Reason? {
        let keys = try KeySet(issuer.jwks)
        return refusal { _ = try check.check(Array(text.utf8)[...], with: keys) }
    }

    @Test("what a worker signs is accepted, with either algorithm", arguments: SigningAlgorithm.allCases)
    func fromWorker(algorithm: SigningAlgorithm) async throws {
        let now = Timestamp(milliseconds: Issuer.start * 1000)
        let tokens = await AccessTokens(
            keyring: .generate(at: now), at: now, namespace: "sojourn", issuer: "sojourn", audience: "sojourn",
            algorithm: algorithm)
        let session = SessionID(handle: SubjectHandle(text: "k7Qm2vXc9Lr4TzWb8NfY"), own: "p3HdS5jGaE6u")
        let text = try tokens.sign(
            AccessTokenClaims(
                id: "jti_1", session: session, generation: 3, tenant: "acme", subject: "al\"ice", clientID: "shop",
                level: 2, methods: ["pwd", "otp"], authenticatedAt: now.adding(seconds: -60), actor: "support",
                issuedAt: now, expiresAt: now.adding(seconds: 300)))
        let checked = try TokenCheck.standard.check(Array(text.exposed.utf8)[...], with: KeySet(tokens.jwks))
        #expect(
            checked.token
                == VerifiedAccessToken(
                    sessionID: session.text, tenant: "acme", subject: "al\"ice", level: 2, methods: ["pwd", "otp"],
                    authenticatedAt: UnixTime.after(-60).date, actor: "support", clientID: "shop",
                    issuedAt: UnixTime.after(0).date, expiresAt: UnixTime.after(300).date, tokenID: "jti_1"))
        #expect(checked.generation == 3)
    }

    @Test("a token that is changed anywhere is refused")
    func damaged() throws {
        let text = Array(try issuer.token().utf8)
        for index in text.indices {
            var changed = text
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(try reason(String(decoding: changed, as: UTF8.self)) != nil, "changed at \(index)")
        }
    }

    @Test("what is not three parts in canonical base64url is refused")
    func form() throws {
        let text = try issuer.token()
        let parts = text.split(separator: ".").map(String.init)
        for malformed in [
            "", ".", "..", "...", parts[0], parts[0] + "." + parts[1], text + ".", "." + text, text + "=", text + " ",
            "\n" + text, text + "A", text.replacing(".", with: "\u{0}."),
            String(text.dropLast()), "Bearer " + text,
        ] {
            #expect(try reason(malformed) == .malformed, "\(malformed)")
        }
    }

    @Test(
        "a header that is none of an access token is refused",
        arguments: [
            #"{"alg":"ES256","typ":"JWT","kid":"k1-es256"}"#, #"{"alg":"ES256","kid":"k1-es256"}"#,
            #"{"alg":"ES256","typ":"at+jwt"}"#, #"{"alg":"ES256","typ":"at+jwt","kid":""}"#,
            #"{"alg":"ES256","typ":"at+jwt","kid":1}"#, #"{"typ":"at+jwt","kid":"k1-es256"}"#,
            #"{"alg":"none","typ":"at+jwt","kid":"k1-es256"}"#, #"{"alg":"HS256","typ":"at+jwt","kid":"k1-es256"}"#,
            #"{"alg":"es256","typ":"at+jwt","kid":"k1-es256"}"#, #"{"alg":"ES384","typ":"at+jwt","kid":"k1-es256"}"#,
            #"{"alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"k1-es256"}"#,
            #"{"alg":"ES256","typ":"at+jwt","kid":"k1-es256","crit":["exp"]}"#,
            #"{"alg":"ES256","typ":"at+jwt","kid":"k1-es256","jku":"https://evil.example/"}"#,
            #"{"alg":"ES256","typ":"at+jwt","kid":"k1-es256","jwk":{}}"#,
            #"{"alg":"ES256","typ":"at+jwt","kid":"k1-es256","x5u":"https://evil.example/"}"#,
            #"{"alg":"ES256","typ":"at+jwt","kid":"k1-es256","x5c":[]}"#,
            #"{"alg":"ES256","typ":"at+jwt","kid":"k1-es256","b64":false}"#,
            #"[]"#, #""at+jwt""#, "", #"{"alg":"ES256","typ":"at+jwt","kid":"k1-es256"}{}"#,
        ])
    func header(header: String) throws {
        #expect(try reason(issuer.token(header: header)) == .malformed)
    }

    @Test("a kid that is too long is refused, and one that nobody has is unknown")
    func keyID() throws {
        let long = String(repeating: "k", count: 129)
        #expect(try reason(issuer.token(header: #"{"alg":"ES256","typ":"at+jwt","kid":"\#(long)"}"#)) == .malformed)
        #expect(
            try reason(issuer.token(header: #"{"alg":"ES256","typ":"at+jwt","kid":"K1-es256"}"#)) == .unknownKey)
    }

    @Test("both forms of the type are accepted, in any case", arguments: ["AT+JWT", "application/at+jwt"])
    func types(type: String) throws {
        #expect(try reason(issuer.token(header: #"{"alg":"ES256","typ":"\#(type)","kid":"k1-es256"}"#)) == nil)
    }

    @Test("a key only verifies its own algorithm")
    func algorithm() throws {
        #expect(try reason(issuer.token(header: Issuer.edDSAHeader)) == nil)
        for header in [
            #"{"alg":"EdDSA","typ":"at+jwt","kid":"k1-es256"}"#, #"{"alg":"ES256","typ":"at+jwt","kid":"k1-eddsa"}"#,
        ] {
            #expect(try reason(issuer.token(header: header)) == .signatureInvalid)
        }
    }

    @Test("somebody else's signature is refused")
    func signature() throws {
        #expect(try reason(Issuer().token()) == .signatureInvalid)
        #expect(try reason(Issuer().token(header: Issuer.edDSAHeader)) == .signatureInvalid)
    }

    @Test("each claim that Sojourn writes must be there", arguments: Issuer.claims.keys.filter { $0 != "gen" })
    func missing(claim: String) throws {
        #expect(try reason(issuer.token([claim: ""])) == .malformed)
    }

    @Test(
        "a claim of another form is refused",
        arguments: [
            ("exp", "1.5e9"), ("exp", "-1"), ("exp", #""1795212300""#), ("exp", "253402300800"), ("exp", "null"),
            ("iat", "1.0"), ("iat", "9223372036854775807"), ("iat", "9223372036854775808"), ("nbf", "null"),
            ("nbf", #""1""#), ("sid", #""alice""#), ("sid", "1"), ("acr", "2"), ("acr", #""0""#), ("acr", #""10""#),
            ("acr", #""high""#), ("amr", #""pwd""#), ("amr", "[1]"), ("aud", "{}"), ("aud", #"["sojourn",1]"#),
            ("act", #""support""#), ("act", "{}"), ("auth_time", "null"), ("gen", #""1""#), ("tenant", "null"),
        ])
    func claimForm(claim: String, value: String) throws {
        #expect(try reason(issuer.token([claim: value])) == .malformed)
    }

    @Test("a payload with a key twice is refused, even deep within")
    func duplicates() throws {
        let payload = "{" + Issuer.claims.map { #""\#($0)":\#($1)"# }.joined(separator: ",")
        #expect(try reason(issuer.signed(Issuer.header, payload + "}")) == nil)
        for extra in [#"{"sub":"mallory"}"#, #"{"act":{"sub":"a","sub":"b"}}"#, #"{"x":[{"y":1,"y":2}]}"#] {
            #expect(try reason(issuer.signed(Issuer.header, payload + "," + extra.dropFirst())) == .malformed)
        }
    }

    @Test("issuer and audience are compared byte by byte, and an audience may be one of several")
    func issuerAndAudience() throws {
        #expect(try reason(issuer.token(["iss": #""Sojourn""#])) == .wrongIssuer)
        #expect(try reason(issuer.token(["aud": #""shop""#])) == .wrongAudience)
        #expect(try reason(issuer.token(["aud": "[]"])) == .wrongAudience)
        #expect(try reason(issuer.token(["aud": #"["shop","sojourn"]"#])) == nil)
        let check = TokenCheck(issuer: "caf\u{e9}", audience: "sojourn", clockTolerance: .zero)
        #expect(try reason(issuer.token(["iss": "\"cafe\u{301}\""]), check) == .wrongIssuer)
    }

    @Test("times are compared with a tolerance")
    func times() throws {
        func reason(_ changed: [String: String], at now: UnixTime) throws -> TokenRefusal.Reason? {
            let token = try TokenCheck.standard.check(Array(issuer.token(changed).utf8)[...], with: KeySet(issuer.jwks))
            return refusal { try TokenCheck.standard.compareTimes(of: token, at: now) }
        }
        #expect(try reason([:], at: .after(301.999)) == nil)
        #expect(try reason([:], at: .after(302)) == .tokenExpired)
        #expect(try reason([:], at: .after(-2)) == nil)
        #expect(try reason([:], at: .after(-2.001)) == .notYetValid)
        #expect(try reason(["nbf": "\(Issuer.start + 10)"], at: .after(7.999)) == .notYetValid)
        #expect(try reason(["nbf": "\(Issuer.start + 10)"], at: .after(8)) == nil)
        #expect(try reason(["exp": "253402300799", "iat": "0"], at: .after(0)) == nil)
    }

    @Test("neither a refusal nor a verified token shows what is secret")
    func descriptions() throws {
        let token = try TokenCheck.standard.check(
            Array(issuer.token(["act": #"{"sub":"support"}"#]).utf8)[...], with: KeySet(issuer.jwks)
        ).token
        var dumped = ""
        dump(token, to: &dumped)
        for text in ["\(token)", String(reflecting: token), dumped] {
            #expect(!text.contains("alice") && !text.contains("support"))
        }
        #expect("\(TokenRefusal(.revoked))" == "the access token is not accepted: revoked")
    }
}
