import NIOCore
import Testing

@testable import RedisNIO

@Suite("A pipeline")
struct RedisPipelineTests {
    @Test("every kind of argument is encoded as a bulk string")
    func encodesArguments() {
        var pipeline = RedisPipeline()
        pipeline.command("SET", "key", .bytes([0, 13, 10, 255]), .integer(-12), .buffer(ByteBuffer(string: "büf")))
        let expected =
            Array("*5\r\n$3\r\nSET\r\n$3\r\nkey\r\n$4\r\n".utf8) + [0, 13, 10, 255]
            + Array("\r\n$3\r\n-12\r\n$4\r\nbüf\r\n".utf8)
        #expect(Array(pipeline.buffer.readableBytesView) == expected)
        #expect(pipeline.count == 1)
        #expect(pipeline.byteCount == expected.count)
    }

    @Test(
        "integers of every length are encoded in decimal",
        arguments: [0, 9, 10, 99, 100, -1, -9, -10, 1_000_000_007, Int64.max, Int64.min])
    func encodesIntegers(value: Int64) {
        var pipeline = RedisPipeline()
        pipeline.command("ECHO", .integer(value))
        #expect(String(buffer: pipeline.buffer) == encoded("ECHO", "\(value)"))
    }

    @Test("lengths of every size are encoded correctly", arguments: [0, 1, 9, 10, 99, 100, 999, 1000, 70_000])
    func encodesLengths(length: Int) {
        let text = String(repeating: "x", count: length)
        var pipeline = RedisPipeline(capacity: 0)
        pipeline.command("ECHO", .string(text))
        #expect(String(buffer: pipeline.buffer) == encoded("ECHO", text))
    }

    @Test("a list of arguments can be built at run time")
    func encodesLists() {
        var pipeline = RedisPipeline()
        pipeline.command("DEL", arguments: (0..<12).map { .string("k\($0)") })
        #expect(String(buffer: pipeline.buffer).hasPrefix("*13\r\n$3\r\nDEL\r\n$2\r\nk0\r\n"))
    }

    @Test("space for a script's hash is reserved, and filled in without moving anything")
    func encodesScripts() throws {
        let script = RedisScript(name: "s", source: "return 1")
        var pipeline = RedisPipeline()
        pipeline.command("PING")
        pipeline.evaluate(script, keys: ["a", "b"], arguments: [7])
        let size = pipeline.byteCount
        let hash = String(repeating: "e", count: 40)
        var catalogue = ScriptCatalogue()
        #expect(pipeline.fillIn(from: catalogue) == script)
        catalogue.record(try #require(ScriptHash(.bulk(Array(hash.utf8)))), for: script)
        #expect(pipeline.fillIn(from: catalogue) == nil)
        #expect(pipeline.byteCount == size)
        #expect(
            String(buffer: pipeline.buffer) == encoded("PING") + encoded("EVALSHA", hash, "2", "a", "b", "7"))
        #expect(pipeline.count == 2)
    }
}
