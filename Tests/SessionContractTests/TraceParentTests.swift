import SessionContract
import Testing

@Suite("traceparent")
struct TraceParentTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    @Test("what is read is written again, in version 00", arguments: ["00", "01", "fe"])
    func roundTrip(version: String) throws {
        let parent = try #require(TraceParent("\(version)-\(Self.trace)-\(Self.span)-01"))
        #expect(parent.traceID.text == Self.trace)
        #expect(parent.spanText == Self.span)
        #expect(parent.isSampled)
        #expect(parent.text == "00-\(Self.trace)-\(Self.span)-01")
    }

    @Test("the sampled flag is the lowest bit", arguments: [("00", false), ("01", true), ("02", false), ("ff", true)])
    func flags(flags: String, isSampled: Bool) throws {
        #expect(try #require(TraceParent("00-\(Self.trace)-\(Self.span)-\(flags)")).isSampled == isSampled)
    }

    @Test(
        "whatever is not exactly that is no context",
        arguments: [
            "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-1", "00-\(trace)-\(span)-01-",
            "00-\(trace)-\(span)-01 ",
            " 00-\(trace)-\(span)-01", "ff-\(trace)-\(span)-01", "0g-\(trace)-\(span)-01",
            "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span.uppercased())-01", "00_\(trace)_\(span)_01",
            "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
            "00-\(trace)-\(span)-0x", "00-\(trace.dropLast())é-\(span)-01", "00\u{301}\(trace)-\(span)-01",
        ])
    func invalid(text: String) {
        #expect(TraceParent(text) == nil)
    }

    @Test("an id with leading zeros keeps them, and half of a trace id may be zero")
    func zeros() throws {
        for trace in ["00000000000000000000000000000001", "00000000000000010000000000000000"] {
            let text = "00-\(trace)-0000000000000001-00"
            #expect(try #require(TraceParent(text)).text == text)
        }
    }
}
