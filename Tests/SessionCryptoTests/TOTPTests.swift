import SessionCore
import Testing

@testable import SessionCrypto

@Suite struct TOTPTests {
    private let secret = Array("12345678901234567890".utf8)

    private func time(_ seconds: Int64) -> Timestamp {
        Timestamp(milliseconds: seconds * 1000)
    }

    private func matchingStep(_ code: String, at seconds: Int64, after lastStep: Int64? = nil) -> Int64? {
        TOTP.matchingStep(of: code, secret: secret, at: time(seconds), after: lastStep)
    }

    /// RFC 6238, appendix B, SHA-1: eight digits; an authenticator shows the last six.
    static let vectors: [(Int64, String)] = [
        (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"), (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
    ]

    @Test("the vectors of the RFC are reproduced and accepted", arguments: vectors)
    func vectorsRfc(seconds: Int64, code: String) throws {
        let step = TOTP.step(at: time(seconds))
        #expect(step == seconds / 30)
        #expect(TOTP.code(at: step, secret: secret, digits: 8) == UInt32(code))
        #expect(TOTP.code(at: step, secret: secret) == UInt32(code.suffix(6)))
        #expect(matchingStep(String(code.suffix(6)), at: seconds) == step)
        #expect(matchingStep(code, at: seconds) == nil)
    }

    /// RFC 4226, appendix D.
    @Test("the vectors of RFC 4226 are reproduced")
    func vectorsRfc4226() {
        let codes: [UInt32] = [
            755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489,
        ]
        #expect((0..<10).map { TOTP.code(at: $0, secret: secret) } == codes)
    }

    @Test("a code is accepted one step early and one step late, and no further")
    func codeAccepted() {
        // The code of step 41152263, displayed from 1234567890 to 1234567919.
        let code = "005924"
        #expect(matchingStep(code, at: 1_234_567_859) == nil)
        for seconds in [1_234_567_860, 1_234_567_889, 1_234_567_890, 1_234_567_919, 1_234_567_949] as [Int64] {
            #expect(matchingStep(code, at: seconds) == 41_152_263, "at \(seconds)")
        }
        #expect(matchingStep(code, at: 1_234_567_950) == nil)
    }

    @Test("a code works once, and no earlier code works after it")
    func codeWorks() throws {
        let step: Int64 = 41_152_263
        #expect(matchingStep("005924", at: 1_234_567_890, after: step - 1) == step)
        #expect(matchingStep("005924", at: 1_234_567_890, after: step) == nil)
        #expect(matchingStep("005924", at: 1_234_567_890, after: step + 1) == nil)
        let earlier = sixDigits(TOTP.code(at: step - 1, secret: secret))
        #expect(matchingStep(earlier, at: 1_234_567_890) == step - 1)
        #expect(matchingStep(earlier, at: 1_234_567_890, after: step) == nil)
        let later = sixDigits(TOTP.code(at: step + 1, secret: secret))
        #expect(matchingStep(later, at: 1_234_567_890, after: step) == step + 1)
    }

    /// With this secret, found by search, steps 1 and 2 share a code.
    @Test("a code shared by two steps is used up for both")
    func codeShared() {
        let secret = Self.secretWithTwins
        #expect(TOTP.code(at: 1, secret: secret) == TOTP.code(at: 2, secret: secret))
        let code = sixDigits(TOTP.code(at: 1, secret: secret))
        #expect(TOTP.matchingStep(of: code, secret: secret, at: time(30), after: nil) == 2)
        #expect(TOTP.matchingStep(of: code, secret: secret, at: time(30), after: 2) == nil)
    }

    private static let secretWithTwins: [UInt8] = Array("00000000000002373574".utf8)

    @Test("a code of another secret is rejected")
    func codeAnother() {
        let other = TOTP.code(at: 41_152_263, secret: Array("12345678901234567891".utf8))
        #expect(matchingStep(sixDigits(other), at: 1_234_567_890) == nil)
    }

    @Test(
        "spaces and hyphens are ignored",
        arguments: ["005924", " 005 924 ", "005-924", "0 0 5 9 2 4", "005\u{A0}924", "\t005924\n"])
    func spacesHyphens(code: String) {
        #expect(matchingStep(code, at: 1_234_567_890) == 41_152_263)
    }

    @Test(
        "a text other than six digits is rejected",
        arguments: [
            "", "5924", "05924", "0005924", "+05924", "-05924", "005924a", "00592４", "٠٠٥٩٢٤", "0x1724", "005_924",
            "005.924",
            "99999999999999999999",
        ])
    func textOther(code: String) {
        #expect(matchingStep(code, at: 1_234_567_890) == nil)
    }

    @Test("the first seconds of the epoch are harmless")
    func firstSeconds() {
        #expect(matchingStep("755224", at: 0) == 0)
    }

    private func sixDigits(_ code: UInt32) -> String {
        let digits = String(code)
        return String(repeating: "0", count: 6 - digits.count) + digits
    }
}
