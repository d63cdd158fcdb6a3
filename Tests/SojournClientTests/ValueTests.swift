import Foundation
import Testing

@testable import SojournClient

@Suite("What results hold")
struct ValueTests {
    private let session = """
        {"id":"ses_1","tenant":"acme","subject":"alice","status":"sleeping","policy":"default","level":2,"methods":["pwd","otp"],\
        "createdAt":"2026-11-20T22:00:00.001Z","lastActiveAt":"2026-11-20T22:00:00.999Z",\
        "idleExpiresAt":"2026-11-20T22:30:00.000Z","expiresAt":"2026-11-21T10:00:00.000Z",\
        "attributes":{"a":null,"b":[true,1,1.5,"x",{"c":9007199254740993}]},"generation":1,"new":"in a later version"}
        """

    @Test("a session is read, with words and keys of later versions")
    func readsSession() throws {
        let session = try WireJSON.decode(Session.self, from: Array(session.utf8))
        #expect(session.status == SessionStatus(rawValue: "sleeping"))
        #expect(session.createdAt.timeIntervalSince1970 == 1_795_212_000.001)
        #expect(
            session.attributes == ["a": nil, "b": [true, 1, 1.5, "x", ["c": 9_007_199_254_740_993]]])
    }

    @Test("attributes nested too deep are an error, not the end of the program")
    func deep() {
        let deep = String(repeating: "[", count: 400) + String(repeating: "]", count: 400)
        #expect(throws: (any Error).self) {
            try WireJSON.decode(AttributeValue.self, from: Array(deep.utf8))
        }
    }

    @Test("a time is written to the millisecond it is")
    func times() throws {
        for milliseconds in [0, 1, 2, 3, 123, 998, 999, 1_795_212_000_001, 1_795_212_000_999] as [Int64] {
            let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
            let text = WireJSON.text(of: date)
            let read = try WireJSON.decode([Date].self, from: Array(#"["\#(text)"]"#.utf8))
            #expect(Int64((read[0].timeIntervalSince1970 * 1000).rounded()) == milliseconds)
            #expect(text.utf8.count == 24)
        }
    }

    @Test("the same value has the same bytes")
    func bytes() throws {
        let attributes = Dictionary(uniqueKeysWithValues: (0..<50).map { ("key\($0)", AttributeValue.integer($0)) })
        // Another capacity is another order.
        var copy = [String: AttributeValue](minimumCapacity: 1000)
        copy.merge(attributes) { first, _ in first }
        #expect(try WireJSON.encode(attributes) == WireJSON.encode(copy))
    }

    @Test("a token is valid only with a session")
    func validation() throws {
        func read(_ text: String) throws -> Validation { try WireJSON.decode(Validation.self, from: Array(text.utf8)) }
        #expect(try read(#"{"valid":true,"session":\#(session)}"#).session?.id == "ses_1")
        let refused = try read(#"{"valid":false,"reason":"level_too_low","remedy":"elevate","session":\#(session)}"#)
        #expect(refused.session == nil)
        guard case .invalid(let refusal) = refused else { return #expect(Bool(false), "it is not valid") }
        #expect(refusal.reason == .levelTooLow && refusal.remedy == .elevate && refusal.session?.id == "ses_1")
        #expect(throws: (any Error).self) { try read(#"{"valid":true}"#) }
        #expect(throws: (any Error).self) { try read(#"{"session":\#(session)}"#) }
    }

    @Test("a policy that lacks keys has the defaults")
    func policy() throws {
        let policy = try WireJSON.decode(
            Policy.self, from: Array(#"{"mfa":{"required":"always"},"maxSessions":0}"#.utf8))
        var expected = Policy()
        expected.mfa.required = .always
        expected.maxSessions = 0
        #expect(policy == expected)
    }

    @Test("tokens, tickets, codes and secrets are not shown")
    func secrets() throws {
        let tokens = SessionTokens(session: "sjs_secret", refresh: "sjr_secret", access: "secret.secret")
        let refreshed = RefreshedTokens(
            refresh: "sjr_secret", access: "secret", accessExpiresAt: Date(), refreshExpiresAt: Date())
        let ticket = TransferTicket(ticket: "sjt_secret", expiresAt: Date())
        let enrollment = FactorEnrollment(
            factorID: "fac_1", secret: "secret", uri: "otpauth://secret", recoveryCodes: ["secret"])
        for value in [tokens, refreshed, ticket, enrollment, FactorCode.totp("secret")] as [any Sendable] {
            var text = "\(value)" + String(reflecting: value)
            dump(value, to: &text)
            #expect(!text.contains("secret"), "\(text)")
        }
    }
}
