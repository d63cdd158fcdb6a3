import SojournExtension
import Testing

@testable import ExtensionExample

/// Shows how a package tests its own rules: they are functions, and do not need Sojourn.
@Suite("The example's rules")
struct ExampleTests {
    private func attempt(_ command: String = "session.create", ip: String? = nil) -> SessionAttempt {
        SessionAttempt(command: command, context: ip.map { SessionContext(ip: $0) }, nowMilliseconds: 0)
    }

    @Test("only blocked networks are refused")
    func blockedNetworks() throws {
        let rule = BlockedNetworks(prefixes: ["203.0.113."])
        #expect(throws: SessionRefusal.self) { try rule.before(attempt(ip: "203.0.113.9")) }
        #expect(try rule.before(attempt(ip: "203.0.11.39")) == .nothing)
        #expect(try rule.before(attempt()) == .nothing)
    }

    @Test("a tenant's sessions need a second factor")
    func secondFactor() throws {
        let rule = SecondFactorForTenants(tenants: ["bank"])
        var attempt = attempt()
        #expect(try rule.before(attempt) == .nothing)
        attempt.tenant = "bank"
        #expect(try rule.before(attempt).level == 2)
    }

    @Test("a change of country is annotated")
    func countryNote() throws {
        let session = SessionFacts(
            id: "ses_1", subject: "alice", createdAtMilliseconds: 0, lastActiveAtMilliseconds: 0,
            expiresAtMilliseconds: 1, context: SessionContext(country: "DE"))
        let attempt = SessionAttempt(
            command: "session.validate", session: session, context: SessionContext(country: "FR"), nowMilliseconds: 0)
        let noted = try CountryNote().after(SessionDecision(attempt: attempt))
        #expect(noted == ["countryBefore": "DE", "countryNow": "FR"])
    }

    @Test("a session that would evict another one is not created")
    func seats() throws {
        let rule = SeatsForTenants(tenants: ["kiosk"])
        var decision = SessionDecision(attempt: attempt(), affected: ["ses_1"])
        #expect(try rule.after(decision).isEmpty)
        decision.attempt.tenant = "kiosk"
        #expect(throws: SessionRefusal.self) { try rule.after(decision) }
        decision.affected = []
        #expect(try rule.after(decision).isEmpty)
    }

    /// RFC 4226, appendix D.
    private static let codes = [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
    ]
    private let tokens = HardwareTokens(secrets: ["alice": Array("12345678901234567890".utf8)])

    @Test("a token accepts the codes of RFC 4226", arguments: zip(0..<10, codes))
    func hotp(counter: Int, code: String) {
        let claim = FactorClaim(subject: "alice", nowMilliseconds: 0)
        #expect(tokens.verify(code, for: claim) == .right(methods: ["otp"], counter: Int64(counter)))
    }

    @Test("a code is wrong if it was used, is too far ahead, or belongs to another subject")
    func hotpBounds() {
        var claim = FactorClaim(subject: "alice", lastCounter: 3, nowMilliseconds: 0)
        #expect(tokens.verify(Self.codes[3], for: claim) == .wrong)
        #expect(tokens.verify(Self.codes[4], for: claim) == .right(methods: ["otp"], counter: 4))
        #expect(tokens.verify(" 338314", for: claim) == .wrong)
        claim.lastCounter = nil
        #expect(tokens.verify("481090", for: claim) == .wrong, "eleven codes ahead")
        claim.subject = "bob"
        #expect(tokens.verify(Self.codes[0], for: claim) == .wrong)
    }
}
