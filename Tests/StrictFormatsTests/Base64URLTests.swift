import Foundation
import StrictFormats
import Testing

@Suite struct Base64URLTests {
    /// RFC 4648, section 10, without the padding.
    @Test(
        "the vectors of the RFC are encoded and decoded",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectorsRfc(plain: String, encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded.utf8) == Array(plain.utf8))
    }

    @Test("every byte at every position agrees with Foundation")
    func everyByte() {
        for byte in UInt8.min...UInt8.max {
            for length in 1...4 {
                for index in 0..<length {
                    var bytes = [UInt8](repeating: 0, count: length)
                    bytes[index] = byte
                    let text = Base64URL.encode(bytes)
                    let padded = text.replacing("-", with: "+").replacing("_", with: "/")
                    let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
                    #expect(Data(base64Encoded: padded + padding) == Data(bytes))
                    #expect(Base64URL.decode(text.utf8) == bytes)
                }
            }
        }
    }

    @Test(
        "a non-canonical encoding is rejected",
        arguments: [
            "A", "AAAAA", "AB", "AAB", "Zh", "Zm9", "AA==", "AA=", "A A", "AA+A", "AA/A", "AAA\n", "éAA", "A\0AA",
        ])
    func nonCanonical(text: String) {
        #expect(Base64URL.decode(text.utf8) == nil)
    }
}
