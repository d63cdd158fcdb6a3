import NIOCore
import NIOEmbedded
import Testing

@testable import RedisNIO

@Suite("A connection")
struct RedisChannelHandlerTests {
    static let hash = String(repeating: "a", count: 40)
    static let script = RedisScript(name: "commit", source: "return 1")

    @Test("a pipeline is sent at once, in one write")
    func writesAtOnce() throws {
        let server = try ScriptedServer()
        _ = server.send(gets: 3)
        #expect(try server.written() == String(repeating: encoded("GET", "k"), count: 3))
    }

    @Test("an empty pipeline is answered without asking the server")
    func emptyPipeline() throws {
        let server = try ScriptedServer()
        #expect(server.send(RedisPipeline()).replies == [])
        #expect(try server.written() == "")
    }

    @Test("each pipeline gets its own replies when several are outstanding")
    func severalOutstanding() throws {
        let server = try ScriptedServer()
        let (first, second, third) = (server.send(gets: 1), server.send(gets: 2), server.send(gets: 1))
        try server.answer(":1\r\n:2\r\n")
        #expect(first.replies == [.integer(1)])
        #expect(second.result == nil)
        try server.answer(":3\r\n:4\r\n")
        #expect(second.replies == [.integer(2), .integer(3)])
        #expect(third.replies == [.integer(4)])
    }

    @Test("the replies are the same wherever the stream is split")
    func cutAnywhere() throws {
        let bytes = Array(ReplyParserTests.stream.utf8)
        for cut in 0...bytes.count {
            let server = try ScriptedServer()
            let answer = server.send(gets: ReplyParserTests.replies.count)
            try server.answer(String(decoding: bytes[..<cut], as: UTF8.self))
            try server.answer(String(decoding: bytes[cut...], as: UTF8.self))
            #expect(answer.replies == ReplyParserTests.replies)
        }
    }

    @Test("an error in the middle of a pipeline is returned as a value")
    func errorInTheMiddle() throws {
        let server = try ScriptedServer()
        let answer = server.send(gets: 3)
        try server.answer("+a\r\n-WRONGTYPE no\r\n+b\r\n")
        #expect(answer.replies == [.simple("a"), .error("WRONGTYPE no"), .simple("b")])
    }

    @Test("replies within the pipeline's budget are kept, and every small one")
    func repliesBeyondTheBudget() throws {
        let server = try ScriptedServer()
        var pipeline = RedisPipeline()
        for _ in 0..<5 { pipeline.command("GET", "k") }
        pipeline.replyBudget = ReplyBudget(total: 1000, each: 650)
        let answer = server.send(pipeline)
        let (large, huge) = (String(repeating: "l", count: 600), String(repeating: "h", count: 20_000))
        for text in [large, huge, large, "small", String(repeating: "m", count: 300)] {
            try server.answer("$\(text.utf8.count)\r\n\(text)\r\n")
        }
        #expect(
            answer.replies == [
                .bulk(Array(large.utf8)), .oversized(bytes: 20_010), .oversized(bytes: 608), .bulk(Array("small".utf8)),
                .bulk(Array(repeating: UInt8(ascii: "m"), count: 300)),
            ])
        // The next pipeline has its own budget.
        let next = server.send(gets: 1)
        try server.answer("$600\r\n\(large)\r\n")
        #expect(next.replies == [.bulk(Array(large.utf8))])
    }

    @Test("everything triggered by one read is sent in one write")
    func flushesOnce() throws {
        let server = try ScriptedServer()
        let counter = FlushCounter()
        try server.channel.pipeline.syncOperations.addHandler(counter, position: .first)
        for _ in 0..<4 {
            server.connection.send(pipeline("GET")) { _ in
                server.connection.send(pipeline("INCR")) { _ in }
            }
        }
        #expect(counter.flushes == 4)
        try server.answer(":1\r\n:2\r\n:3\r\n:4\r\n")
        #expect(counter.flushes == 5)
        #expect(try server.written().hasSuffix(String(repeating: encoded("INCR", "k"), count: 4)))
    }

    @Test("the connection closes when the replies to one pipeline exceed the memory limit")
    func pipelineMemory() throws {
        let server = try ScriptedServer { $0.maximumPipelineMemory = 10_000 }
        let answer = server.send(gets: 300)
        let apart = try ScriptedServer { $0.maximumPipelineMemory = 10_000 }
        for _ in 0..<200 {
            try server.answer("$3\r\nabc\r\n")
            let own = apart.send(gets: 1)
            try apart.answer("$3\r\nabc\r\n")
            #expect(own.replies?.count == 1)
        }
        #expect(answer.error?.code == .protocolViolation && answer.error?.exceedsLimit == true)
        #expect(!server.channel.isActive)
    }

    // MARK: Scripts

    @Test("the script's hash is sent where the server expects it")
    func evaluates() throws {
        let server = try ScriptedServer(scripts: [(Self.script, Self.hash)])
        var pipeline = RedisPipeline()
        pipeline.evaluate(Self.script, keys: ["k"], arguments: ["v"])
        _ = server.send(pipeline)
        #expect(try server.written() == encoded("EVALSHA", Self.hash, "1", "k", "v"))
    }

    @Test("nothing of a pipeline that uses an unknown script is sent")
    func unknownScript() throws {
        let server = try ScriptedServer()
        var pipeline = RedisPipeline()
        pipeline.command("PING")
        pipeline.evaluate(Self.script, keys: [])
        let answer = server.send(pipeline)
        #expect(answer.error?.code == .unknownScript)
        #expect(answer.error?.mayHaveRun == false)
        #expect(try server.written() == "")
    }

    @Test("lost scripts are reloaded, and only the evaluations that needed them are repeated")
    func reloadsScripts() throws {
        let other = RedisScript(name: "sweep", source: "return 2")
        let otherHash = String(repeating: "b", count: 40)
        let server = try ScriptedServer(scripts: [(Self.script, Self.hash), (other, otherHash)])
        var pipeline = RedisPipeline()
        pipeline.command("PING")
        pipeline.evaluate(Self.script, keys: ["x"])
        pipeline.evaluate(other, keys: ["y"])
        pipeline.evaluate(Self.script, keys: ["z"])
        let answer = server.send(pipeline)
        let later = server.send(gets: 1)
        _ = try server.written()

        try server.answer("+PONG\r\n-NOSCRIPT No matching script.\r\n:2\r\n-NOSCRIPT No matching script.\r\n:9\r\n")
        #expect(answer.result == nil)
        #expect(later.replies == [.integer(9)])
        #expect(
            try server.written() == encoded("SCRIPT", "LOAD", "return 1") + encoded("EVALSHA", Self.hash, "1", "x")
                + encoded("EVALSHA", Self.hash, "1", "z"))

        try server.answer("$40\r\n\(Self.hash)\r\n:11\r\n:13\r\n")
        #expect(answer.replies == [.simple("PONG"), .integer(11), .integer(2), .integer(13)])
    }

    @Test("evaluations are repeated only once when scripts keep vanishing")
    func repeatsOnce() throws {
        let server = try ScriptedServer(scripts: [(Self.script, Self.hash)])
        var pipeline = RedisPipeline()
        pipeline.evaluate(Self.script, keys: [])
        let answer = server.send(pipeline)
        try server.answer("-NOSCRIPT gone\r\n")
        try server.answer("$40\r\n\(Self.hash)\r\n-NOSCRIPT gone again\r\n")
        #expect(answer.replies == [.error("NOSCRIPT gone again")])
    }

    @Test("another command's NOSCRIPT is not mistaken for a lost script")
    func otherNoScript() throws {
        let server = try ScriptedServer(scripts: [(Self.script, Self.hash)])
        let answer = server.send(gets: 1)
        try server.answer("-NOSCRIPT not ours\r\n")
        #expect(answer.replies == [.error("NOSCRIPT not ours")])
    }

    // MARK: Deadlines

    @Test("the connection closes when a reply is late, and only then")
    func deadline() throws {
        let server = try ScriptedServer { $0.replyTimeout = .milliseconds(500) }
        let first = server.send(gets: 1)
        server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(400))
        let second = server.send(gets: 1)
        try server.answer(":1\r\n")
        #expect(first.replies == [.integer(1)])

        server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(499))
        #expect(second.result == nil)
        server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(second.error?.code == .timeout)
        #expect(second.error?.mayHaveRun == true)
        #expect(try server.endReason?.code == .timeout)
        #expect(!server.channel.isActive)
    }

    @Test("the connection stays open indefinitely while nothing is outstanding")
    func idle() throws {
        let server = try ScriptedServer()
        _ = server.send(gets: 1)
        try server.answer(":1\r\n")
        server.channel.embeddedEventLoop.advanceTime(by: .hours(10))
        #expect(server.channel.isActive)
        let answer = server.send(gets: 1)
        server.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        try server.answer(":2\r\n")
        #expect(answer.replies == [.integer(2)])
    }

    @Test("repeated evaluations get a new deadline")
    func repetitionDeadline() throws {
        let server = try ScriptedServer(scripts: [(Self.script, Self.hash)]) { $0.replyTimeout = .seconds(1) }
        var pipeline = RedisPipeline()
        pipeline.evaluate(Self.script, keys: [])
        let answer = server.send(pipeline)
        server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(900))
        try server.answer("-NOSCRIPT gone\r\n")
        server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(999))
        #expect(answer.result == nil)
        server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(answer.error?.code == .timeout)
    }

    // MARK: Ends

    @Test("garbage from the server fails everything outstanding and closes the connection")
    func garbage() throws {
        let server = try ScriptedServer()
        let (first, second) = (server.send(gets: 1), server.send(gets: 1))
        try server.answer(":1\r\nHTTP/1.1 200 OK\r\n")
        #expect(first.replies == [.integer(1)])
        #expect(second.error?.code == .protocolViolation)
        #expect(!server.channel.isActive)
        try server.answer(":2\r\n")
    }

    @Test("an unrequested reply closes the connection")
    func unasked() throws {
        let server = try ScriptedServer()
        try server.answer("+surprise\r\n")
        #expect(try server.endReason?.code == .protocolViolation)
        #expect(server.send(gets: 1).error?.code == .notConnected)
    }

    @Test("outstanding pipelines fail when the server disconnects in the middle of a reply")
    func closedByServer() throws {
        let server = try ScriptedServer()
        let answer = server.send(gets: 2)
        try server.answer(":1\r\n*3\r\n$3\r\nab")
        _ = try server.channel.finish()
        #expect(answer.error?.code == .connectionClosed)
        #expect(answer.error?.mayHaveRun == true)
        #expect(try server.endReason?.code == .connectionClosed)
    }

    @Test("closing waits for the replies, accepts nothing new, and is not an error")
    func drains() throws {
        let server = try ScriptedServer()
        let answer = server.send(gets: 1)
        server.connection.beginClosing()
        #expect(server.channel.isActive)
        let late = server.send(gets: 1)
        #expect(late.error?.code == .notConnected)
        #expect(late.error?.mayHaveRun == false)
        try server.answer(":1\r\n")
        #expect(answer.replies == [.integer(1)])
        #expect(!server.channel.isActive)
        #expect(try server.endReason == nil)
    }

    @Test("closing still reloads scripts for pipelines sent before")
    func drainsRepetitions() throws {
        let server = try ScriptedServer(scripts: [(Self.script, Self.hash)])
        var pipeline = RedisPipeline()
        pipeline.evaluate(Self.script, keys: [])
        let answer = server.send(pipeline)
        server.connection.beginClosing()
        try server.answer("-NOSCRIPT gone\r\n")
        #expect(server.channel.isActive)
        try server.answer("$40\r\n\(Self.hash)\r\n:1\r\n")
        #expect(answer.replies == [.integer(1)])
        #expect(!server.channel.isActive)
    }

    @Test("closing does not wait forever")
    func drainDeadline() throws {
        let server = try ScriptedServer()
        let answer = server.send(gets: 1)
        server.connection.beginClosing()
        server.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(answer.error?.code == .timeout)
        #expect(!server.channel.isActive)
    }

    @Test("a completion may close the connection")
    func closedByCompletion() throws {
        let server = try ScriptedServer()
        server.connection.send(pipeline("GET")) { _ in server.handler.fail(RedisError(.timeout, "enough")) }
        let second = server.send(gets: 1)
        let third = server.send(gets: 1)
        try server.answer(":1\r\n:2\r\n")
        #expect(second.replies == [.integer(2)])
        #expect(third.error?.code == .timeout)
    }

    // MARK: Bounds

    @Test("commands beyond the outstanding limit are refused, and accepted again after replies")
    func boundsCommands() throws {
        let server = try ScriptedServer { $0.maximumOutstandingCommands = 3 }
        let first = server.send(gets: 2)
        let refused = server.send(gets: 2)
        #expect(refused.error?.code == .tooManyOutstanding)
        #expect(refused.error?.mayHaveRun == false)
        try server.answer(":1\r\n:2\r\n")
        #expect(first.replies?.count == 2)
        #expect(server.send(gets: 3).error == nil)
    }

    @Test("bytes beyond the outstanding limit are refused")
    func boundsBytes() throws {
        let server = try ScriptedServer { $0.maximumOutstandingBytes = 50 }
        #expect(server.send(gets: 2).error == nil)
        #expect(server.send(gets: 1).error?.code == .tooManyOutstanding)
    }

    private func pipeline(_ command: String) -> RedisPipeline {
        var pipeline = RedisPipeline()
        pipeline.command(command, "k")
        return pipeline
    }
}

private final class FlushCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    var flushes = 0

    func flush(context: ChannelHandlerContext) {
        flushes += 1
        context.flush()
    }
}
