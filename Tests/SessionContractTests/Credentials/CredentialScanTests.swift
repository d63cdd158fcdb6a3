import SessionContract
import TestSupport
import Testing

@Suite("The credential scan")
struct CredentialScanTests {
    /// As long as a real token: 92 characters after its prefix.
    private static let secret =
        "k7Qm2vXc9Lr4TzWb8NfYp3HdS5jGaE6u-1B0xQ_tR7mK2nV9cZ4wL8yP3hD6sJ5gF0aE1uBkC7oQm2vXc9Lr4TzWb8Nf"
    private static let token = "sjs_" + secret
    private static let refresh = "sjr_" + secret
    private static let jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
    private static let base64Body = "eyJ0b2tlbiI6InNqc19rN1FtMnZYYzlMcjRUeldiOE5mWXAzSGRTNWpHYUU2dSJ9"

    /// The rest of `text` after removing everything that was found.
    private func left(of text: String) -> String { left(of: Array(text.utf8)) }

    private func left(of raw: [UInt8]) -> String {
        var rest: [UInt8] = []
        var end = 0
        for find in CredentialScan.finds(in: raw) {
            rest += raw[end..<find.range.lowerBound]
            end = find.range.upperBound
        }
        return String(decoding: rest + raw[end...], as: UTF8.self)
    }

    @Test(
        "no credential is left in a message with misspelt keys",
        arguments: [
            (#"{"token":"\#(token)","zzz":1}"#, #"{"token":"","zzz":1}"#),
            (#"{"\#(refresh)":true}"#, #"{"":true}"#),
            (#"{"token":"\#(token)"#, #"{"token":""#),
            ("{'token': '\(token)'}", "{'token': ''}"),
            (#"{"a":"it is \#(jwt)!"}"#, #"{"a":"it is !"}"#),
            ("token=\(token)&code=123456&x=1", "token=&code=&x=1"),
            (#"{"factor":{"type":"totp","code":"123456"},"x":1}"#, #"{"factor":{"type":"totp","code":""},"x":1}"#),
            (#"{"factor":{"type":"totp","cod":"123456"}}"#, #"{"factor":{"type":"totp","cod":""}}"#),
            (#"{"factor":{"type":"totp","kode":123456},"a":7}"#, #"{"factor":{"type":"totp","kode":},"a":7}"#),
            (#"{"Code" : "7kq2m-x9c4r", "a":1}"#, #"{"Code" : "", "a":1}"#),
            (#"{"code":["1","2"],"a":1}"#, #"{"code":,"a":1}"#), (#"{"code":{"a":"1"}}"#, #"{"code":}"#),
            (#"{"code": 123456}"#, #"{"code": }"#), (#"{"code":"12\"34","a":1}"#, #"{"code":"","a":1}"#),
            (#"{"totpCode":"123 456"}"#, #"{"totpCode":""}"#), ("<code>123456</code>", "<code></code>"),
            ("code: 123456\nuser: x", "code: \nuser: x"), ("\(token.uppercased()) ", " "),
        ])
    func misspelt(text: String, rest: String) {
        #expect(left(of: text) == rest)
    }

    @Test(
        "no credential is left that was escaped or formatted differently",
        arguments: [
            #"{"token":"\u0073js_\#(secret)"}"#, #"{"token":"\u0073\u006a\u0073\u005f\#(secret)","x":"#,
            #"{"body":"{\"token\":\"\#(token)\"}"}"#, #"{"body":"{\"t\":\"\\u0073js_\#(secret)\"}"}"#,
            "token=sjs%5F\(secret)", "<t>sjs&#95;\(secret)</t>", "<t>sjs&#x5f;\(secret)</t>", "sjs_\n\(secret)",
            "sjs_\(secret.prefix(40))\r\n\(secret.dropFirst(40))", secret, "js_\(secret)", "-\(token)-",
            base64Body, #"{"data":"\#(base64Body)"}"#, "Authorization: Bearer \(jwt)",
            String(base64Body.prefix(32)) + "\n" + base64Body.dropFirst(32),
        ])
    func encoded(text: String) {
        let rest = left(of: text)
        for window in 0..<(Self.secret.count - 16) {
            let part = Self.secret.dropFirst(window).prefix(16)
            #expect(!rest.contains(part))
        }
        #expect(!rest.contains("eyJ"))
    }

    @Test("no credential is left in base64 or hexadecimal, whatever precedes it")
    func disguised() {
        for offset in 0..<3 {
            let raw = Array((String(repeating: "x", count: offset) + #"{"z":1,"token":"\#(Self.token)"}"#).utf8)
            #expect(left(of: base64(raw)) == "")
            #expect(left(of: #"{"data":"\#(base64(raw))"}"#) == #"{"data":""}"#)
            #expect(left(of: raw.map { String($0, radix: 16) }.joined()) == "")
        }
        #expect(left(of: base64(Array(#"{"a":1,"code":"123456"}"#.utf8))) == "")
    }

    @Test("no credential is left in UTF-16 of either byte order, or in compressed data")
    func binary() {
        let text = #"{"token":"\#(Self.token)"}"#
        for isBig in [false, true] {
            let raw = text.utf16.flatMap {
                isBig ? [UInt8($0 >> 8), UInt8($0 & 0xFF)] : [UInt8($0 & 0xFF), UInt8($0 >> 8)]
            }
            let rest = left(of: raw).filter { $0 != "\0" }
            #expect(rest == #"{"token":""}"#)
        }
        #expect(left(of: [0x1F, 0x8B, 8, 0, 1, 2, 3]) == "")
    }

    @Test(
        "anything that is not a credential is left alone",
        arguments: [
            "", "not JSON", #"{"subject": "alice", "idleSeconds": 0}"#, #"{"token":"x","a":null}"#,
            #"{"sessionId":"ses_k7Qm2vXc9Lr4TzWb8NfYp3HdS5jGaE6u","except":"ses_k7Qm2vXc9Lr4TzWb8NfYp3HdS5jGaE6u"}"#,
            #"{"factor":{"type":"totp","code":null}}"#, #"{"methods":["pwd","otp"],"code":"#, "{\"code\":}",
            #"{"factorId":"fac_Q7mX2vLc9RtB4wZs8NkY3HpD","id":"47123fcd-a3b3-4f5c-a352-8eb858fc99a9"}"#,
            String(repeating: "x", count: 300), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            #"{"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","city":"S\u00e3o Paulo"}"#,
            "the prefix sjs_ by itself", #"{"a":"%zz&#zz;\q"}"#,
        ])
    func innocent(text: String) {
        #expect(left(of: text) == text)
    }

    @Test("if there are too many finds, everything is sealed")
    func many() {
        let many = String(repeating: "\(Self.token),", count: 40)
        #expect(CredentialScan.finds(in: Array(many.utf8)).map(\.range) == [0..<many.utf8.count])
    }

    @Test(
        "a body crafted to be slow takes no longer than any other", .timeLimit(.minutes(1)),
        arguments: [
            "code:[", "factor:{", "token:'", #"token:""#, "token:x ", "token=ses_ ", "sjs_ ", "eyJ.", "\\u005c", "%25",
            "\\\\", "= ", "password=a ", "code\"\\\":\"", "Y29kZ ",
        ])
    func slow(part: String) {
        let body = Array(String(repeating: part, count: (1 << 18) / part.utf8.count).utf8)
        _ = CredentialScan.finds(in: body)
    }

    @Test("any bytes can be scanned, and finds are in order and do not overlap")
    func anything() {
        var random = SeededRandom(seed: 8)
        let parts = [
            "sjs_", Self.secret, "\"", "\\", "code", ":", "{", "}", "factor", "%5F", "&#95;", "\n", "eyJ", ".", "=",
            "\0",
        ]
        for _ in 0..<500 {
            var raw: [UInt8] = []
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                if Bool.random(using: &random) {
                    raw += Array((parts.randomElement(using: &random) ?? "").utf8)
                } else {
                    raw.append(UInt8.random(in: 0...255, using: &random))
                }
            }
            var end = 0
            for find in CredentialScan.finds(in: raw) {
                #expect(find.range.lowerBound >= end && find.range.upperBound <= raw.count && !find.range.isEmpty)
                end = find.range.upperBound
            }
        }
    }

    private func base64(_ raw: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        let bits = raw.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
        let padded = bits + [UInt8](repeating: 0, count: (6 - bits.count % 6) % 6)
        let characters = stride(from: 0, to: padded.count, by: 6).map { start in
            alphabet[padded[start..<start + 6].reduce(0) { $0 << 1 | Int($1) }]
        }
        return String(characters) + String(repeating: "=", count: (3 - raw.count % 3) % 3)
    }
}
