import SessionCore
import Testing

@Suite("Merge patches and their length")
struct MergePatchTests {
    struct Case: Sendable {
        let original: JSONObject
        let patch: JSONObject
        let result: JSONObject
    }

    @Test(
        "the object cases of RFC 7396, appendix A, are reproduced",
        arguments: [
            Case(original: ["a": .string("b")], patch: ["a": .string("c")], result: ["a": .string("c")]),
            Case(
                original: ["a": .string("b")], patch: ["b": .string("c")],
                result: ["a": .string("b"), "b": .string("c")]),
            Case(original: ["a": .string("b")], patch: ["a": .null], result: [:]),
            Case(
                original: ["a": .string("b"), "b": .string("c")], patch: ["a": .null], result: ["b": .string("c")]),
            Case(original: ["a": .array([.string("b")])], patch: ["a": .string("c")], result: ["a": .string("c")]),
            Case(
                original: ["a": .string("c")], patch: ["a": .array([.string("b")])],
                result: ["a": .array([.string("b")])]),
            Case(
                original: ["a": .object(["b": .string("c")])],
                patch: ["a": .object(["b": .string("d"), "c": .null])],
                result: ["a": .object(["b": .string("d")])]),
            Case(
                original: ["a": .array([.object(["b": .string("c")])])], patch: ["a": .array([.integer(1)])],
                result: ["a": .array([.integer(1)])]),
            Case(
                original: ["e": .null], patch: ["a": .integer(1)],
                result: ["e": .null, "a": .integer(1)]),
            Case(
                original: [:], patch: ["a": .object(["bb": .object(["ccc": .null])])],
                result: ["a": .object(["bb": .object([:])])]),
        ])
    func appendixA(example: Case) {
        #expect(example.original.merged(with: example.patch) == example.result)
    }

    @Test("a null inside an array is a value")
    func nullInArray() {
        let patch: JSONObject = ["a": .array([.null, .object(["b": .null])])]
        #expect(JSONObject().merged(with: patch) == patch)
    }

    @Test("an object replaces another kind of value, without the patch's nulls")
    func objectOverScalar() {
        let merged = (["a": .integer(1)] as JSONObject).merged(with: ["a": .object(["b": .null, "c": .integer(2)])])
        #expect(merged == ["a": .object(["c": .integer(2)])])
    }

    @Test("an empty patch changes nothing, and members keep their order")
    func order() {
        let original: JSONObject = ["z": .integer(1), "a": .integer(2), "m": .integer(3)]
        #expect(original.merged(with: [:]) == original)
        let merged = original.merged(with: ["a": .integer(9), "b": .integer(4), "z": .null])
        #expect(merged.members.map(\.key) == ["a", "m", "b"])
    }

    @Test(
        "the length is the length of compact JSON in UTF-8",
        arguments: [
            ([:], "{}"), (["a": .null], #"{"a":null}"#),
            (["a": .bool(true), "b": .bool(false)], #"{"a":true,"b":false}"#),
            (["n": .integer(-12)], #"{"n":-12}"#), (["n": .integer(.min)], #"{"n":-9223372036854775808}"#),
            (["n": .decimal("1.50e3")], #"{"n":1.50e3}"#), (["s": .string("")], #"{"s":""}"#),
            (["s": .string("ä€😀")], #"{"s":"ä€😀"}"#), (["s": .string("\"\\/")], #"{"s":"\"\\/"}"#),
            (["s": .string("\n\r\t\u{8}\u{c}")], #"{"s":"\n\r\t\b\f"}"#),
            (["s": .string("\u{0}\u{1f}\u{7f}")], "{\"s\":\"\\u0000\\u001f\u{7f}\"}"),
            (["a": .array([])], #"{"a":[]}"#), (["a": .array([.integer(1), .array([.null])])], #"{"a":[1,[null]]}"#),
            (["o": .object(["a\"": .object([:])])], #"{"o":{"a\"":{}}}"#),
        ] as [(JSONObject, String)])
    func compactLength(object: JSONObject, json: String) {
        #expect(object.compactLength == json.utf8.count)
    }
}
