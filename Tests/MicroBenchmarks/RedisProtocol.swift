import NIOCore
import RedisNIO
import SessionCore
import SessionStorage

// RESP: what is sent to Redis for one `session.create`, and its replies.
extension MicroBenchmark {
    static var redisProtocol: [MicroBenchmark] {
        [
            MicroBenchmark("resp.encode") { scene in
                let (sealed, claim) = (sealedRecord(in: scene), [UInt8](repeating: 1, count: 24))
                let handle = scene.created.session.id.handle.text
                let key = "sojourn:{42}:a:\(handle)"
                let script = RedisScript(name: "commit", source: "return 1")
                return {
                    var load = RedisPipeline()
                    load.command("HGETALL", .string(key))
                    load.command(
                        "SET", .string("sojourn:{42}:c:\(handle)"), .bytes(claim), "NX", "GET", "PX",
                        .integer(86_400_000))
                    load.command("GET", .string("sojourn:{42}:i:\(handle)"))
                    keep(load)
                    var commit = RedisPipeline()
                    commit.evaluate(
                        script, keys: [key, "sojourn:{42}:d", "sojourn:{42}:o", "sojourn:{42}:i:\(handle)"],
                        arguments: [
                            .integer(1), .integer(1_800_000_000_000), .integer(2_592_000), .string("1"), .string("s"),
                            .bytes(sealed), .string(scene.created.session.id.own), .bytes(sealed),
                            .integer(1_800_003_600_000), .bytes(sealed), .bytes(sealed),
                        ])
                    keep(commit)
                }
            },
            MicroBenchmark("resp.parse") { scene in
                let replies = replies(holding: sealedRecord(in: scene))
                var parser = ReplyParser(maximumReplyBytes: 1 << 20)
                func parse() throws -> Int {
                    var count = 0
                    try parser.parse(replies) { reply, _ in
                        keep(reply)
                        count += 1
                    }
                    return count
                }
                guard try parse() == 4 else { throw UnexpectedOutcome("the replies were not parsed") }
                return { keep(try parse()) }
            },
        ]
    }

    private static func sealedRecord(in scene: Scene) -> [UInt8] {
        RecordSeal(sealers: scene.sealers).seal(
            SessionRecord.bytes(of: scene.created.session), at: .entry("sojourn:{42}:a:handle"))
    }

    /// The replies to HGETALL on a subject with three sessions, to SET and GET of a new message, and to the commit.
    private static func replies(holding sealed: [UInt8]) -> ByteBuffer {
        var replies = ByteBuffer(string: "*10\r\n")
        func bulk(_ bytes: some Collection<UInt8>) {
            replies.writeString("$\(bytes.count)\r\n")
            replies.writeBytes(bytes)
            replies.writeString("\r\n")
        }
        bulk("v".utf8)
        bulk("1800000000000000".utf8)
        bulk("s".utf8)
        bulk(sealed.prefix(100))
        for name in ["AAAAAAAAAAAA", "BBBBBBBBBBBB", "CCCCCCCCCCCC"] {
            bulk(name.utf8)
            bulk(sealed)
        }
        replies.writeString("$-1\r\n$-1\r\n*2\r\n:1\r\n$15\r\n1800000000000-0\r\n")
        return replies
    }
}
