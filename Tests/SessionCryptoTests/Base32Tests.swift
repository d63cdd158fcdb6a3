import Testing

@testable import SessionCrypto

@Suite struct Base32Tests {
    /// RFC 4648, section 10, without the padding.
    @Test(
        "the vectors of the RFC are encoded correctly",
        arguments: [
            ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ])
    func vectorsRfc(plain: String, encoded: String) {
        #expect(Base32.encode(Array(plain.utf8)) == encoded)
    }

    @Test("each of the 32 values has the right character")
    func with32Values() {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        for value in UInt8(0)..<32 {
            #expect(Base32.encode([value << 3]).first == alphabet[Int(value)])
        }
    }
}
