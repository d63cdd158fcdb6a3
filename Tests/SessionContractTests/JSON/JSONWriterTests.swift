import SessionContract
import SessionCore
import Testing

@Suite struct JSONWriterTests {
    private func text(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("members and elements are separated by commas")
    func membersElements() {
        let written = text { json in
            json.object { json in
                json.member("a", 1)
                json.object("empty") { _ in }
                json.array("list") { json in
                    json.array { _ in }
                    json.integer(2)
                    json.object { $0.member("b", true) }
                    json.null()
                }
                json.key("raw")
                json.raw(Array("[0]".utf8))
                json.key(text: "q\"")
                json.string("end")
            }
        }
        #expect(written == #"{"a":1,"empty":{},"list":[[],2,{"b":true},null],"raw":[0],"q\"":"end"}"#)
    }

    @Test("an array with a bound holds what fits into it, commas included, and at least one element")
    func arrayBound() {
        func written(_ elements: [String], maxBytes: Int) -> (String, Int) {
            var count = 0
            let text = text { json in
                json.object { json in
                    count = json.array("list", of: elements, maxBytes: maxBytes) { $0.string($1) }
                    json.member("next", "n")
                }
            }
            return (text, count)
        }
        #expect(written(["a", "b", "c"], maxBytes: 11) == (#"{"list":["a","b","c"],"next":"n"}"#, 3))
        #expect(written(["a", "b", "c"], maxBytes: 10) == (#"{"list":["a","b"],"next":"n"}"#, 2))
        #expect(written(["a", "b"], maxBytes: 0) == (#"{"list":["a"],"next":"n"}"#, 1))
        #expect(written(["\u{1}", "\u{1}"], maxBytes: 16) == (#"{"list":["\u0001"],"next":"n"}"#, 1))
        #expect(written([], maxBytes: 0) == (#"{"list":[],"next":"n"}"#, 0))
    }

    @Test("members that do not apply are absent")
    func applyAbsent() {
        let written = JSONWriter.object { json in
            json.member("a", nil as String?)
            json.member("b", nil as Int?)
            json.member("c", nil as Bool?)
            json.member("d", nil as Timestamp?)
            json.member("e", nil as JSONValue?)
            json.member("f", nil as [String]?)
            json.member("g", nil as JSONObject?)
            json.member("last", "here")
        }
        #expect(String(decoding: written, as: UTF8.self) == #"{"last":"here"}"#)
    }

    @Test("every kind of member is written")
    func everyKind() {
        let object: JSONObject = ["k": .decimal("1.50")]
        let written = JSONWriter.object { json in
            json.member("text", "t")
            json.member("number", -5)
            json.member("flag", false)
            json.member("at", Timestamp(milliseconds: 1_795_212_000_000))
            json.member("value", .array([.null, .bool(true), .integer(.min), .string("s"), .object(object)]))
            json.member("attributes", object)
            json.member("ids", ["x", "y"])
            json.member("none", [String]())
        }
        #expect(
            String(decoding: written, as: UTF8.self)
                == #"{"text":"t","number":-5,"flag":false,"at":"2026-11-20T22:00:00.000Z","#
                + #""value":[null,true,-9223372036854775808,"s",{"k":1.50}],"attributes":{"k":1.50},"#
                + #""ids":["x","y"],"none":[]}"#)
    }

    @Test(
        "strings are escaped where the RFC requires it and nowhere else",
        arguments: [
            ("", #""""#),
            ("a\"b\\c/", #""a\"b\\c/""#),
            ("\u{8}\t\n\u{C}\r", #""\b\t\n\f\r""#),
            ("\0\u{1}\u{1F}\u{7F}", #""\u0000\u0001\u001f"# + "\u{7F}\""),
            ("é€𝄞\u{2028}\u{2029}", "\"é€𝄞\u{2028}\u{2029}\""),
            ("\"", #""\"""#),
            ("0123456789abcdef\n0123456789abcdef", #""0123456789abcdef\n0123456789abcdef""#),
        ])
    func stringsEscaped(string: String, expected: String) {
        #expect(text { $0.string(string) } == expected)
    }

    @Test(
        "integers are written in decimal",
        arguments: [0, 1, -1, 9, 10, 99, 100, -100, 1_000_000_000_000_000_000, Int64.max, Int64.min, -999])
    func integersWritten(value: Int64) {
        #expect(text { $0.integer(value) } == String(value))
    }
}
