import NIOCore
import TestSupport
import Testing

@testable import RedisNIO

@Suite("The reply parser")
struct ReplyParserTests {
    /// One of each kind, nested to the limit (7 in hiredis, which does not count the outermost array), with an error in
    /// the middle.
    static let stream =
        "+OK\r\n$5\r\na\r\nbc\r\n$0\r\n\r\n$-1\r\n:-9223372036854775808\r\n-WRONGTYPE no\r\n*-1\r\n*0\r\n"
        + "*3\r\n:1\r\n*2\r\n$1\r\nx\r\n$-1\r\n-ERR inner\r\n" + nested(8) + "+\r\n"

    static let replies: [RedisReply] = [
        .simple("OK"), .bulk(Array("a\r\nbc".utf8)), .bulk([]), .null, .integer(.min), .error("WRONGTYPE no"), .null,
        .array([]), .array([.integer(1), .array([.bulk([120]), .null]), .error("ERR inner")]), nestedReply(8),
        .simple(""),
    ]

    static func nested(_ depth: Int) -> String {
        String(repeating: "*1\r\n", count: depth) + ":7\r\n"
    }

    static func nestedReply(_ depth: Int) -> RedisReply {
        (0..<depth).reduce(.integer(7)) { inner, _ in .array([inner]) }
    }

    static func parse(_ pieces: [String], limit: Int = 1 << 20) throws(RedisError) -> [RedisReply] {
        var parser = ReplyParser(maximumReplyBytes: limit)
        var replies: [RedisReply] = []
        for piece in pieces {
            try parser.parse(ByteBuffer(string: piece)) { reply, _ in replies.append(reply) }
        }
        return replies
    }

    @Test("the same replies are parsed wherever the stream is split in two")
    func cutAnywhere() throws {
        let bytes = Array(Self.stream.utf8)
        for cut in 0...bytes.count {
            let pieces = [bytes[..<cut], bytes[cut...]].map { String(decoding: $0, as: UTF8.self) }
            #expect(try Self.parse(pieces) == Self.replies, "cut at \(cut)")
        }
    }

    @Test("the same replies are parsed one byte at a time")
    func byteByByte() throws {
        #expect(try Self.parse(Self.stream.map { String($0) }) == Self.replies)
        #expect(try Self.parse(Self.stream.unicodeScalars.map { String($0) }) == Self.replies)
    }

    @Test("parsing starts at the buffer's reader index")
    func honoursReaderIndex() throws {
        var parser = ReplyParser(maximumReplyBytes: 1000)
        var bytes = ByteBuffer(string: "junk:5\r\n")
        bytes.moveReaderIndex(forwardBy: 4)
        var replies: [RedisReply] = []
        try parser.parse(bytes) { reply, _ in replies.append(reply) }
        #expect(replies == [.integer(5)])
    }

    @Test("thousands of replies in one read are parsed, and strings longer than one feed")
    func longStreams() throws {
        let long = String(repeating: "y", count: 100_000)
        let text = String(repeating: ":1\r\n$3\r\nabc\r\n", count: 5000) + "$100000\r\n\(long)\r\n:2\r\n"
        let replies = try Self.parse([text])
        #expect(replies.count == 10_002)
        #expect(replies[10_000] == .bulk(Array(long.utf8)))
        #expect(replies[10_001] == .integer(2))
    }

    @Test(
        "input that is not RESP2 is rejected",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n", "?\r\n", ":12x\r\n", ":\r\n", "$abc\r\n", "$-2\r\n", "*-2\r\n",
            "*99999999999\r\n", "%1\r\n+a\r\n+b\r\n", "_\r\n", "#t\r\n", ",1.5\r\n", "\r\n", "$3\r\nabcde\r\n",
            "$3\r\nabcxy:1\r\n",
            "*2\r\n:1\r\n!\r\n", "*2\r\n*2\r\n$1\r\na\r\n$1\r\nbcd\r\n", "\u{0}\u{0}\u{0}", nested(9), nested(200),
        ])
    func refusesGarbage(text: String) {
        let error = #expect(throws: RedisError.self) { try Self.parse([text]) }
        #expect(error?.code == .protocolViolation)
    }

    @Test("complete replies before garbage are kept")
    func repliesBeforeGarbage() {
        var parser = ReplyParser(maximumReplyBytes: 1000)
        var replies: [RedisReply] = []
        #expect(throws: RedisError.self) {
            try parser.parse(ByteBuffer(string: ":1\r\n+OK\r\n?")) { reply, _ in replies.append(reply) }
        }
        #expect(replies == [.integer(1), .simple("OK")])
    }

    @Test("input after garbage is rejected")
    func staysRefused() {
        var parser = ReplyParser(maximumReplyBytes: 1000)
        for text in ["?", ":1\r\n"] {
            #expect(throws: RedisError.self) { try parser.parse(ByteBuffer(string: text)) { _, _ in } }
        }
    }

    @Test("the size of a reply is limited, not that of the stream")
    func boundsReplies() throws {
        let pieces = (0..<100).map { "$10\r\n\(String(format10: $0))\r\n" }
        #expect(try Self.parse(pieces, limit: 20).count == 100)
        let error = #expect(throws: RedisError.self) {
            try Self.parse(["$30\r\n", String(repeating: "x", count: 20)], limit: 20)
        }
        #expect(error?.code == .protocolViolation)
    }

    @Test("no memory is reserved for elements that are merely announced")
    func announcedElements() throws {
        #expect(try Self.parse([String(repeating: "*2147483647\r\n", count: 8)]).isEmpty)
    }

    @Test("a string whose announced length overflows does not crash the parser")
    func announcedLength() throws {
        #expect(try Self.parse(["$9223372036854775807\r\nabc\r\n"]).isEmpty)
    }

    @Test(
        "an endless line is rejected, however small the pieces",
        arguments: ["+", "-", "$", "*", ":", "*1\r\n$", "*2\r\n$1\r\na\r\n+"])
    func endlessLine(beginning: String) {
        let pieces = [beginning] + [String](repeating: String(repeating: "1", count: 4000), count: 40)
        let error = #expect(throws: RedisError.self) { try Self.parse(pieces, limit: 1 << 30) }
        #expect(error?.code == .protocolViolation && error?.exceedsLimit == false)
    }

    @Test("the memory of a reply is limited, whatever its content")
    func memory() throws {
        for element in [":1\r\n", "$-1\r\n", "$0\r\n\r\n", "*0\r\n", "*1\r\n:1\r\n", "+a\r\n", "$3\r\nabc\r\n"] {
            let text = "*20000\r\n" + String(repeating: element, count: 20_000)
            var parser = ReplyParser(maximumReplyBytes: 1 << 20, maximumReplyMemory: 100_000)
            let error = #expect(throws: RedisError.self) {
                try parser.parse(ByteBuffer(string: text)) { _, _ in }
            }
            #expect(error?.exceedsLimit == true)
        }
        var parser = ReplyParser(maximumReplyBytes: 1 << 20, maximumReplyMemory: 100_000)
        let many = String(repeating: "$50\r\n\(String(repeating: "y", count: 50))\r\n", count: 5000)
        var count = 0
        try parser.parse(ByteBuffer(string: many)) { _, size in
            #expect(size.bytes == 57 && size.memory > 50)
            count += 1
        }
        #expect(count == 5000, "each has the bound for itself")
    }

    @Test("random bytes and randomly damaged replies do not crash the parser")
    func random() {
        var generator = SeededRandom(seed: 20_261_121)
        for _ in 0..<3000 {
            var bytes = Array(Self.stream.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: at)
                default: bytes.insert(Array("*$:+-\r\n09".utf8).randomElement(using: &generator)!, at: at)
                }
            }
            var parser = ReplyParser(maximumReplyBytes: 1 << 16)
            _ = try? parser.parse(ByteBuffer(bytes: bytes)) { _, _ in }
        }
    }
}

extension String {
    /// The number with ten digits.
    fileprivate init(format10 number: Int) {
        let digits = String(number)
        self = String(repeating: "0", count: 10 - digits.count) + digits
    }
}
