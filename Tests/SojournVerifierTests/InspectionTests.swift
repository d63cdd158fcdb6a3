import StrictFormats
import Testing

@testable import SojournVerifier

@Suite("What a person is told about a token")
struct InspectionTests {
    private let issuer = Issuer()

    private func inspection(
        _ text: String, signed: Bool = true, issuer name: String = "sojourn", audience: String = "sojourn",
        at now: UnixTime = .after(1)
    ) throws -> TokenInspection {
        TokenInspection(text, keys: signed ? try KeySet(issuer.jwks) : nil, issuer: name, audience: audience, at: now)
    }

    @Test("a good token is good, and genuine")
    func good() throws {
        let inspection = try inspection(issuer.token())
        #expect(inspection.verdict == .good && inspection.isGenuine && inspection.defect == nil)
        #expect(inspection.keyID == "k1-es256" && inspection.algorithm == "ES256")
        #expect(inspection.claims?.issuer == "sojourn")
    }

    @Test("what is wrong with a genuine token leaves it genuine")
    func genuine() throws {
        let token = try issuer.token()
        for (inspection, reason) in [
            (try inspection(token, issuer: "other"), TokenRefusal.Reason.wrongIssuer),
            (try inspection(token, audience: "other"), .wrongAudience),
            (try inspection(token, at: .after(301)), .tokenExpired),
            (try inspection(token, at: .after(-1)), .notYetValid),
        ] {
            #expect(inspection.verdict == .refused(reason) && inspection.isGenuine && inspection.claims != nil)
        }
    }

    @Test("what nobody has signed is read, and not genuine")
    func forged() throws {
        for (token, reason) in [
            (try Issuer().token(), TokenRefusal.Reason.signatureInvalid),
            (try issuer.token(header: #"{"alg":"ES256","typ":"at+jwt","kid":"k2-es256"}"#), .unknownKey),
        ] {
            let inspection = try inspection(token)
            #expect(inspection.verdict == .refused(reason) && !inspection.isGenuine && inspection.claims != nil)
        }
    }

    @Test("without keys nothing is good, and nothing genuine")
    func unsigned() throws {
        let token = try issuer.token()
        #expect(try inspection(token, signed: false).verdict == .unsigned)
        #expect(try inspection(token, signed: false, issuer: "other").verdict == .refused(.wrongIssuer))
        for name in ["sojourn", "other"] {
            #expect(try inspection(token, signed: false, issuer: name).isGenuine == false)
        }
    }

    @Test(
        "a header that is none of an access token says why",
        arguments: [
            (#"{"alg":"none","typ":"at+jwt","kid":"k1-es256"}"#, "nobody has signed it"),
            (#"{"alg":"RS256","typ":"at+jwt","kid":"k1-es256"}"#, "its alg is RS256"),
            (#"{"alg":"a name that is far too long","typ":"at+jwt","kid":"k1-es256"}"#, "its alg is another one"),
            (#"{"typ":"at+jwt","kid":"k1-es256"}"#, "names no algorithm"),
            (#"{"alg":"ES256","typ":"JWT","kid":"k1-es256"}"#, "its typ is not at+jwt"),
            (#"{"alg":"ES256","typ":"at+jwt"}"#, "names no key"),
            (#"{"alg":"ES256","typ":"at+jwt","kid":"k1-es256","jku":"https://evil.example"}"#, "its header has jku"),
            ("[]", "no JSON object"),
        ])
    func headers(header: String, words: String) throws {
        let inspection = try inspection(issuer.token(header: header))
        #expect(inspection.verdict == .refused(.malformed) && !inspection.isGenuine)
        #expect(inspection.defect?.contains(words) == true)
    }

    @Test("what is no three parts, too long, or lacks claims says so")
    func forms() throws {
        let token = try issuer.token()
        for (text, words) in [
            ("", "three parts"), ("a.b", "three parts"), (token + ".a.b", "encrypted"),
            (String(token.dropLast(4)), "cut off"),
            (String(repeating: "a", count: 16_385), "16385 bytes"),
            (try issuer.token(["sub": "", "sid": ""]), "lacks sub, sid"), (try issuer.token(["acr": "2"]), "a claim"),
        ] {
            #expect(try inspection(text).defect?.contains(words) == true, "\(words)")
        }
    }
}
