import SessionCore
import Testing

@Suite("Values")
struct ValueTests {
    @Test(
        "assurance levels follow from the kinds of factor",
        arguments: [
            ([], 1), (["pwd"], 1), (["pwd", "pin"], 1), (["pwd", "otp"], 2), (["otp", "sms"], 1), (["mfa"], 2),
            (["pwd", "hwk"], 3), (["hwk"], 1), (["face", "swk"], 2), (["mfa", "hwk"], 3), (["pwd", "unheard-of"], 1),
        ] as [([ExactText], Int)])
    func levels(methods: [ExactText], level: Int) {
        #expect(AssuranceLevel.of(methods: methods) == level)
    }

    @Test("a session id contains its subject's handle")
    func sessionID() throws {
        let id = try #require(SessionID("ses_0123456789abcdefghijKLMNOPQRSTUV"))
        #expect(id.handle.text == "0123456789abcdefghij")
        #expect(id.own == "KLMNOPQRSTUV")
        #expect(SessionID(handle: id.handle, own: id.own) == id)
        for text in ["", "ses_", "ses_0123456789abcdefghijKLMNOPQRSTU", "ses_0123456789abcdefghijKLMNOPQRSTU+"] {
            #expect(SessionID(text) == nil)
        }
    }

    @Test("secrets do not print")
    func secrets() {
        let secret = Secret("sjs_verysecret")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect("\(secret) \(String(reflecting: [secret]))".contains("verysecret") == false)
        #expect(!dumped.contains("verysecret"))
    }

    @Test("JSON objects are equal whatever the order of their members, and keep it")
    func objects() {
        let left: JSONObject = ["a": .integer(1), "b": .null]
        var right: JSONObject = ["b": .null, "a": .integer(1)]
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        right["b"] = nil
        #expect(left != right)
        right["c"] = .bool(true)
        #expect(right.members.map(\.key) == ["a", "c"])
    }

    @Test("a failure that may pass is worth another attempt, and what nobody can read is quarantined")
    func failureCodes() {
        let all = Failure.Code.allCases
        #expect(all.filter(\.isRetryable) == [.unsupportedVersion, .conflict, .unavailable])
        #expect(all.filter { !$0.isQuarantined } == [.unsupportedVersion, .commandExpired, .conflict, .unavailable])
    }

    @Test("there is an access token to sign where a session has just got its tokens, and not while it waits")
    func claims() throws {
        var scene = Scene()
        var waiting = Scene { $0.mfa.required = .always }
        guard case .succeeded(let created) = scene.createOutcome(),
            case .succeeded(let pending) = waiting.createOutcome()
        else { throw Unexpected() }
        for (data, hasClaims) in [(created, true), (pending, false), (.revoked([]), false), (.expired, false)] {
            #expect((data.claims != nil) == hasClaims)
            #expect((ResultData.annotated(data, annotations: ["a": "b"]).claims != nil) == hasClaims)
        }
    }
}
