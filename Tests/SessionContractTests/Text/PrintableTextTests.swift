import SessionContract
import SessionCore
import TestSupport
import Testing

@Suite("Untrusted texts made printable")
struct PrintableTextTests {
    @Test(
        "nothing that controls a terminal gets through",
        arguments: [
            ("\u{1B}]0;title\u{7}", #"\u001b]0;title\u0007"#), ("\u{9B}2J", #"\u009b2J"#),
            ("a\nb\tc\rd", #"a\nb\tc\rd"#), ("\u{202E}evil\u{2066}", #"\u202eevil\u2066"#), ("\u{200B}", #"\u200b"#),
            ("\u{2028}\u{2029}\u{FEFF}", #"\u2028\u2029\ufeff"#), ("\u{7F}\u{85}", #"\u007f\u0085"#),
            ("\u{E0041}", #"\udb40\udc41"#), ("\u{E000}", #"\ue000"#), ("\u{3164}", #"\u3164"#),
            ("Zoë's 😀 ❤️ 日本", "Zoë's 😀 ❤️ 日本"), (#"back\slash "quote""#, #"back\slash "quote""#), ("", ""),
        ])
    func escapes(text: String, printed: String) {
        #expect(PrintableText.escaped(text) == printed)
        #expect(PrintableText.escaped(printed) == printed, "what is printable stays as it is")
    }

    @Test("line breaks are kept on request, and nothing else is")
    func lines() {
        #expect(PrintableText.escaped("a\r\nb\u{1B}[A", keepsLines: true) == "a\\r\nb\\u001b[A")
    }

    @Test("JSON keeps its meaning when made printable, for texts of any characters")
    func json() throws {
        var random = SeededRandom(seed: 10)
        for _ in 0..<300 {
            let text = Self.text(using: &random)
            let object: JSONObject = ["key": .string(text), "list": .array([.integer(7), .string("\u{1B}")])]
            let printed = PrintableText.json(JSONWriter.bytes(of: object))
            #expect(Self.isPrintable(printed))
            #expect(try JSONReader.read(printed) == .object(object))
        }
    }

    @Test("JSON of several lines becomes one line")
    func oneLine() {
        let written = Array("{\n\t\"a\": \"x\\\"\u{9B}\",\r\n \"b\": 1}\n".utf8)
        #expect(String(decoding: PrintableText.json(written), as: UTF8.self) == #"{  "a": "x\"\u009b",   "b": 1} "#)
    }

    @Test("any bytes become printable")
    func anything() {
        var random = SeededRandom(seed: 11)
        for _ in 0..<300 {
            let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            #expect(Self.isPrintable(PrintableText.json(bytes)))
            let text = PrintableText.escaped(String(decoding: bytes, as: UTF8.self))
            #expect(Self.isPrintable(Array(text.utf8)))
        }
    }

    /// Scalars of all planes, with control characters more often than others.
    private static func text(using random: inout SeededRandom) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...40, using: &random) {
            let bound: UInt32 = [0xA0, 0x3000, 0x10_FFFF].randomElement(using: &random) ?? 0xA0
            if let scalar = Unicode.Scalar(UInt32.random(in: 0...bound, using: &random)) { text.append(scalar) }
        }
        return String(text)
    }

    private static func isPrintable(_ bytes: [UInt8]) -> Bool {
        String(decoding: bytes, as: UTF8.self).unicodeScalars.allSatisfy { PrintableText.isPrintable($0) || $0 == " " }
    }
}
