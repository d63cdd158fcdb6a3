import Crypto
import Testing

@testable import SessionCrypto

@Suite struct HMACKeyTests {
    /// RFC 4231, test cases 1, 2 and 3: those with keys of at most one block, like ours.
    @Test(
        "the vectors of the RFC are reproduced",
        arguments: [
            (
                [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
        ])
    func vectorsRfc(key: [UInt8], message: [UInt8], expected: String) {
        let code = HMACKey(SymmetricKey(data: key)).code(length: message.count) { $0.append(contentsOf: message) }
        #expect(code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == expected)
    }

    @Test("codes agree with the library", arguments: [0, 1, 31, 32, 33, 63, 64], [0, 1, 55, 56, 63, 64, 65, 84, 1000])
    func codesAgree(keyLength: Int, messageLength: Int) {
        let key = SymmetricKey(data: (0..<keyLength).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let message = (0..<messageLength).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let code = HMACKey(key).code(length: 0) { $0.append(contentsOf: message) }
        #expect(Array(code) == Array(HMAC<SHA256>.authenticationCode(for: message, using: key)))
    }

    @Test("a key prints nothing secret")
    func keyPrints() {
        let key = HMACKey(SymmetricKey(data: [UInt8](repeating: 7, count: 32)))
        var printed = "\(key) \(String(reflecting: key)) "
        dump(key, to: &printed)
        #expect(printed.replacing("[redacted]", with: "").allSatisfy { $0.isWhitespace || $0 == "-" })
    }
}
