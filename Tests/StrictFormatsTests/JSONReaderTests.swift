import StrictFormats
import Testing

/// The grammar, case by case, in the spirit of JSONTestSuite: what every parser must accept and what it must reject.
@Suite struct JSONReaderTests {
    static let accepted: [(String, JSONValue)] = [
        ("null", .null),
        (" \t\r\n true \n", .bool(true)),
        ("false", .bool(false)),
        ("0", .integer(0)),
        ("-1", .integer(-1)),
        ("9223372036854775807", .integer(.max)),
        ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .decimal("9223372036854775808")),
        ("-9223372036854775809", .decimal("-9223372036854775809")),
        ("123456789012345678901234567890", .decimal("123456789012345678901234567890")),
        ("-0", .decimal("-0")),
        ("-0.0", .decimal("-0.0")),
        ("1.0", .decimal("1.0")),
        ("1.50", .decimal("1.50")),
        ("0e1", .decimal("0e1")),
        ("1E+2", .decimal("1E+2")),
        ("123.456e-789", .decimal("123.456e-789")),
        ("\"\"", .string("")),
        ("\"a/b\"", .string("a/b")),
        (#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{C}\n\r\t")),
        (#""\u0061\u00e9\u20AC""#, .string("aé€")),
        (#""\uD834\uDD1E""#, .string("𝄞")),
        (#""x\ud83d\ude00y""#, .string("x😀y")),
        (#""\u0000""#, .string("\0")),
        (#""\uFFFF""#, .string("\u{FFFF}")),
        ("\"é€𝄞\u{2028}\u{2029}\u{7F}\u{FEFF}\"", .string("é€𝄞\u{2028}\u{2029}\u{7F}\u{FEFF}")),
        ("[]", .array([])),
        ("[ ]", .array([])),
        ("[1 , 2]", .array([.integer(1), .integer(2)])),
        ("[[],{}]", .array([.array([]), .object([:])])),
        ("{}", .object([:])),
        (#"{"":0}"#, .object(["": .integer(0)])),
        (#" { "a" : 1 , "b" : [ null ] } "#, .object(["a": .integer(1), "b": .array([.null])])),
        (#"{"a":{"a":{"a":1}}}"#, .object(["a": .object(["a": .object(["a": .integer(1)])])])),
    ]

    @Test("everything that the RFC allows is accepted", arguments: accepted)
    func readsRfc(text: String, expected: JSONValue) throws {
        #expect(try JSONReader.read(Array(text.utf8)) == expected)
    }

    static let refused = [
        "", " ", "\u{FEFF}{}", "{}\u{FEFF}", "nul", "nulL", "True", "truth", "tru", "none", "NaN", "Infinity",
        "-Infinity",
        "+1", "-", "--1", "01", "-01", "00", "1.", ".5", "-.5", "1.e1", "1e", "1e+", "1E-", "0x10", "1_000", "1a",
        "1 2",
        "0.1.2", "1eE2", "-a", "٣",
        "\"", "\"a", "\"\\", "\"\\\"", "'a'", "a", "\"\\x\"", "\"\\a\"", "\"\\u\"", "\"\\u12\"", "\"\\u12G4\"",
        "\"\\u 123\"", "\"\\U0041\"", "\"\\\n\"", "\"tab\there\"", "\"line\nbreak\"", "\"nul\0\"", "\"\u{1F}\"",
        #""\uD834""#, #""\uDD1E""#, #""\uD834x""#, #""\uD834\n""#, #""\uD834\u0041""#, #""\uD834\uD834""#,
        #""\uDD1E\uD834""#, #""\uD834\u""#, #""\uD834\uDD1"#,
        "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1;2]", "[1}", "[1]]", "[1],", "[\u{0B}1]",
        "[\u{A0}]", "[1,\u{2028}2]", "[// x\n]", "[/* x */]", "[...]",
        "{", "}", "{]", #"{"a"}"#, #"{"a":}"#, #"{"a" 1}"#, #"{"a":1"#, #"{"a":1,"#, #"{"a":1,}"#, #"{,"a":1}"#,
        #"{"a":1 "b":2}"#, #"{a:1}"#, #"{'a':1}"#, #"{1:1}"#, #"{null:1}"#, #"{"a"::1}"#, #"{"a":1,,"b":2}"#,
        #"{"a":1]"#, #"{"a","b"}"#, #"{"a":1}}"#, #"{"a":1}{"b":2}"#, #"{"a":1}x"#, "*", "&", "<a>", "\0",
    ]

    @Test("everything that the RFC forbids is rejected", arguments: refused)
    func refusesRfc(text: String) {
        let error = #expect(throws: JSONError.self) { try JSONReader.read(Array(text.utf8)) }
        #expect(error?.code == .syntax)
        #expect((0...text.utf8.count).contains(error?.offset ?? -1))
    }

    static let notUTF8: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE2, 0x82], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80],
        [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF0, 0x9F, 0x98], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE],
        [0xFF],
    ]

    @Test("a string or a key that is not UTF-8 is rejected", arguments: notUTF8)
    func refusesString(bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        let plain = [quote] + bytes + [quote]
        let escaped = [quote] + Array("\\n".utf8) + bytes + [quote]
        let key = Array("{".utf8) + plain + Array(":1}".utf8)
        for text in [plain, escaped, key] {
            let error = #expect(throws: JSONError.self) { try JSONReader.read(text) }
            #expect(error?.code == .invalidUTF8)
        }
    }

    @Test("a byte outside of strings that is not ASCII is rejected")
    func byteOutside() {
        let error = #expect(throws: JSONError.self) { try JSONReader.read([0x5B, 0xFF, 0x5D]) }
        #expect(error?.code == .syntax)
        #expect(error?.offset == 1)
    }

    @Test("members keep their order")
    func membersKeep() throws {
        let value = try JSONReader.read(Array(#"{"z":1,"a":2,"m":3}"#.utf8))
        guard case .object(let object) = value else { throw Unexpected() }
        #expect(object.members.map(\.key) == ["z", "a", "m"])
    }

    private struct Unexpected: Error {}
}

@Suite struct JSONReaderLimitTests {
    private func nested(_ depth: Int) -> [UInt8] {
        Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }

    @Test("32 nested containers are accepted, and 33 are rejected")
    func with32Containers() throws {
        _ = try JSONReader.read(nested(32))
        let error = #expect(throws: JSONError.self) { try JSONReader.read(nested(33)) }
        #expect(error?.code == .depth)
        #expect(error?.offset == 32)
    }

    @Test("objects and arrays count towards the depth, and siblings do not")
    func objectsCount() throws {
        let opening = String(repeating: #"{"a":["#, count: 16)
        let closing = String(repeating: "]}", count: 16)
        _ = try JSONReader.read(Array("\(opening)1,2\(closing)".utf8))
        #expect(throws: JSONError.self) { try JSONReader.read(Array("\(opening){}\(closing)".utf8)) }
        _ = try JSONReader.read(Array("[\(Array(repeating: "[[]]", count: 100).joined(separator: ","))]".utf8))
    }

    @Test("a hundred thousand nested containers are rejected for their depth", arguments: ["[", "{\"a\":"])
    func hundredThousand(opening: String) {
        let bytes = Array(String(repeating: opening, count: 100_000).utf8)
        let error = #expect(throws: JSONError.self) { try JSONReader.read(bytes) }
        #expect(error?.code == .depth)
    }

    @Test("the greatest permitted depth is parsed without running out of stack")
    func deepestNesting() throws {
        _ = try JSONReader.read(nested(JSONReader.depthBound), maximumDepth: JSONReader.depthBound)
    }

    @Test(
        "a duplicate key is rejected",
        arguments: [
            #"{"a":1,"a":1}"#, #"{"a":1,"b":2,"a":3}"#, #"{"a":1,"\u0061":2}"#, #"[{"x":{"":1,"":2}}]"#,
        ])
    func secondKey(text: String) {
        let error = #expect(throws: JSONError.self) { try JSONReader.read(Array(text.utf8)) }
        #expect(error?.code == .duplicateKey)
    }

    @Test("names that only look alike are different names", arguments: [0, 20])
    func namesLook(others: Int) throws {
        let members = (0..<others).map { #","key\#($0)":0"# }.joined()
        let text = #"{"\u00e9":1,"e\u0301":2\#(members)}"#
        guard case .object(var object) = try JSONReader.read(Array(text.utf8)) else {
            Issue.record("an object is read as one")
            return
        }
        #expect(object["\u{e9}"] == .integer(1))
        #expect(object["e\u{301}"] == .integer(2))
        object["e\u{301}"] = .string("\u{e9}")
        #expect(object["\u{e9}"] == .integer(1))
        #expect(object["e\u{301}"] != .string("e\u{301}"))
    }

    @Test("a duplicate key is found among any number of members", arguments: [2, 15, 16, 17, 18, 100, 5000])
    func secondKeyFound(count: Int) throws {
        let members = (0..<count).map { #""key\#($0)":\#($0)"# }
        _ = try JSONReader.read(Array("{\(members.joined(separator: ","))}".utf8))
        for repeated in [0, count / 2, count - 1] {
            let text = "{\((members + [#""key\#(repeated)":0"#]).joined(separator: ","))}"
            let error = #expect(throws: JSONError.self) { try JSONReader.read(Array(text.utf8)) }
            #expect(error?.code == .duplicateKey)
        }
    }

    @Test("an error repeats nothing of the input")
    func errorRepeats() throws {
        let secret = "hunter2"
        for text in ["{\"\(secret)\":1,\"\(secret)\":2}", "[\(secret)]", "{\"a\":\"\(secret)", "\"\(secret)\\q\""] {
            let error = try #require(throws: JSONError.self) { try JSONReader.read(Array(text.utf8)) }
            #expect(!"\(error)\(String(reflecting: error))".contains(secret))
            #expect(!error.message.hasSuffix("."), "it is quoted within sentences")
        }
    }

    @Test("an error reports its position")
    func errorSays() {
        let error = #expect(throws: JSONError.self) { try JSONReader.read(Array(#"{"a":1,"b":x}"#.utf8)) }
        #expect(error?.offset == 11)
        #expect(error?.description == "no JSON value begins like this (at byte 11)")
    }
}
