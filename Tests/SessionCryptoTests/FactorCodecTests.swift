import Foundation
import SessionCore
import SessionCrypto
import Testing

@Suite struct FactorEnrolmentTests {
    private let codec: FactorCodec
    private let secret = Array("12345678901234567890".utf8)

    init() throws {
        codec = FactorCodec(keyring: try keyring(), namespace: "sojourn")
    }

    private func uri(label: String, issuer: String) -> String {
        codec.uri(ofSecret: secret, label: label, issuer: issuer).exposed
    }

    @Test("the secret is given in base32, alone and in the URI to scan")
    func secretGiven() {
        #expect(codec.text(ofSecret: secret).exposed == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
        #expect(
            uri(label: "alice@example.com", issuer: "Example")
                == "otpauth://totp/Example:alice%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example"
                + "&algorithm=SHA1&digits=6&period=30")
    }

    @Test("names are escaped, so that none of them can end its part of the URI")
    func namesEscaped() throws {
        let label = "a b/c?d=e&f#g%h:i+jé~._-"
        let issuer = "Straße & Söhne: \u{1F511}"
        let text = self.uri(label: label, issuer: issuer)
        #expect(
            text.contains("/Stra%C3%9Fe%20%26%20S%C3%B6hne%3A%20%F0%9F%94%91:a%20b%2Fc%3Fd%3De%26f%23g%25h%3Ai%2Bj"))
        #expect(text.contains("j%C3%A9~._-?secret="))

        let uri = try #require(URLComponents(string: text))
        #expect(uri.scheme == "otpauth" && uri.host == "totp" && uri.fragment == nil)
        #expect(uri.path == "/\(issuer):\(label)")
        #expect(uri.queryItems?.map(\.name) == ["secret", "issuer", "algorithm", "digits", "period"])
        #expect(uri.queryItems?.first { $0.name == "issuer" }?.value == issuer)
    }

    @Test("an enrolment prints nothing secret")
    func enrolmentPrints() {
        let shown = [codec.text(ofSecret: secret), codec.uri(ofSecret: secret, label: "alice", issuer: "Example")]
        var printed = "\(shown) \(codec) \(String(reflecting: codec))"
        for value in [shown, codec] as [Any] { dump(value, to: &printed) }
        #expect(!printed.contains("GEZDG") && !printed.contains("20 elements") && !printed.contains("32 elements"))
    }

    @Test("a code is checked against the time, its secret and the codes used before")
    func codeChecked() {
        let now = Timestamp(milliseconds: 1_234_567_890_000)
        func step(_ code: String, after lastStep: Int64? = nil) -> Int64? {
            codec.matchingStep(of: Secret(code), secret: secret, at: now, after: lastStep)
        }
        #expect(step("005 924") == 41_152_263)
        #expect(step("005924", after: 41_152_263) == nil)
        #expect(step("005925") == nil)
    }
}

@Suite struct RecoveryCodeTests {
    private let codec: FactorCodec
    private let alice = SubjectHandle(text: "alice_______________")

    init() throws {
        codec = FactorCodec(keyring: try keyring(), namespace: "sojourn")
    }

    private func digest(_ code: String) -> [UInt8] {
        codec.recoveryDigest(of: Secret(code), for: alice)
    }

    private func code(_ entropy: some Sequence<Int>) -> String {
        codec.recoveryCode(from: entropy.map { UInt8($0) }).exposed
    }

    @Test("a code is made from ten bytes, five bits of each per character")
    func codeMade() {
        #expect(codec.recoveryEntropy == 10)
        #expect([code(0..<10), code(10..<20), code(20..<30)] == ["01234-56789", "abcde-fghjk", "mnpqr-stvwx"])
        #expect(code(30..<40) == "yz012-34567")
        #expect(code(246...255) == "pqrst-vwxyz")
    }

    @Test("a code does not print")
    func codePrint() {
        #expect("\(codec.recoveryCode(from: [UInt8](repeating: 10, count: 10)))" == "[redacted]")
    }

    @Test(
        "a code matches however it is typed",
        arguments: [
            "0a1bc-dXyz1", "0A1BC-DXYZ1", "0a1bcdxyz1", " 0a1bc dxyz1 ", "0-a-1-b-c-d-x-y-z-1", "oA1bc-dxyzl",
            "Oaibc-dxyzI",
            "0alBC\u{A0}dxyzL",
        ])
    func codeMatches(typed: String) {
        #expect(digest(typed) == digest("0a1bc-dxyz1"))
    }

    @Test("different codes, subjects, namespaces and roots have different digests")
    func differentCodes() throws {
        let code = Secret("0a1bc-dxyz1")
        let others = [
            digest("0a1bc-dxyz2"), digest("0a1bc-dxyz"), digest("0a1bc-dxyz11"), digest(""), digest("0a1bc_dxyz1"),
            codec.recoveryDigest(of: code, for: SubjectHandle(text: "bob_________________")),
            FactorCodec(keyring: try keyring(), namespace: "other").recoveryDigest(of: code, for: alice),
            FactorCodec(keyring: try keyring(root: 8), namespace: "sojourn").recoveryDigest(of: code, for: alice),
        ]
        #expect(digest(code.exposed).count == 16)
        #expect(!others.contains(digest(code.exposed)))
        #expect(Set(others).count == others.count)
    }

    /// Computed with another library. If this changed, the recovery codes that users have stored would become
    /// worthless.
    @Test("a digest never changes between versions")
    func digestNever() {
        let expected: [UInt8] = [
            0x4E, 0x25, 0xD9, 0xEE, 0xAE, 0x66, 0x13, 0x66, 0x06, 0x4E, 0xCF, 0x7A, 0x82, 0x3E, 0x5C, 0x96,
        ]
        #expect(digest("0a1bc-dxyz1") == expected)
    }

    @Test("digests do not depend on sealing keys, so they survive rotation")
    func digestsDepend() throws {
        let rotated = FactorCodec(keyring: try keyring(keys: ["000000a2"]), namespace: "sojourn")
        #expect(rotated.recoveryDigest(of: Secret("0a1bc-dxyz1"), for: alice) == digest("0a1bc-dxyz1"))
    }
}
