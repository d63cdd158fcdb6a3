import Crypto
import Testing

@testable import SojournVerifier

@Suite("Verified tokens")
struct CheckedTokensTests {
    private func name(_ number: Int) -> CheckedTokens.Name {
        SHA256.hash(data: Array("\(number)".utf8))
    }

    @Test("there are never more than the limit, and those in use stay")
    func count() {
        var tokens = CheckedTokens(maximumCount: 100, maximumSize: 1 << 30)
        tokens.keep(checkedToken(), name(0), verifiedBy: 0)
        for number in 1...1000 {
            tokens.keep(checkedToken(), name(number), verifiedBy: 0)
            #expect(tokens.count <= 100)
            #expect(tokens.token(name(0), verifiedBy: 0) != nil)
        }
        #expect(tokens.token(name(1), verifiedBy: 0) == nil)
        #expect(tokens.token(name(1000), verifiedBy: 0) != nil)
    }

    @Test("they never take more memory than the limit, and one that is too large is not kept")
    func size() {
        let token = checkedToken()
        var tokens = CheckedTokens(maximumCount: 1000, maximumSize: token.size * 10)
        for number in 1...1000 {
            tokens.keep(token, name(number), verifiedBy: 0)
            #expect(tokens.count <= 10)
        }
        let large = checkedToken(subject: String(repeating: "a", count: token.size * 5))
        tokens.keep(large, name(0), verifiedBy: 0)
        #expect(tokens.token(name(0), verifiedBy: 0) == nil)
    }

    @Test("what keys have verified that are gone is forgotten, and not kept again")
    func keys() {
        var tokens = CheckedTokens(maximumCount: 100, maximumSize: 1 << 30)
        tokens.keep(checkedToken(), name(0), verifiedBy: 0)
        #expect(tokens.token(name(0), verifiedBy: 0) != nil)
        #expect(tokens.token(name(0), verifiedBy: 1) == nil)
        // Somebody was still verifying with the earlier keys.
        tokens.keep(checkedToken(), name(0), verifiedBy: 0)
        #expect(tokens.token(name(0), verifiedBy: 1) == nil)
        #expect(tokens.token(name(0), verifiedBy: 0) == nil)
    }
}
