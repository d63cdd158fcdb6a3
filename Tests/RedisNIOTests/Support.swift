import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import RedisNIO

let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A connection whose server is the test: it reads what was written and replies with arbitrary bytes. Time only
/// advances when the test says so.
final class ScriptedServer {
    let channel: EmbeddedChannel
    let connection: RedisConnection
    let handler: RedisChannelHandler

    init(
        loop: EmbeddedEventLoop = EmbeddedEventLoop(),
        endpoint: RedisEndpoint = RedisEndpoint(host: "127.0.0.1", port: 6379), scripts: [(RedisScript, String)] = [],
        change: (inout RedisConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = RedisConfiguration()
        change(&configuration)
        channel = EmbeddedChannel(loop: loop)
        handler = RedisChannelHandler(configuration: configuration, logger: silent, eventLoop: channel.eventLoop)
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 6379)).wait()
        connection = RedisConnection(
            handler: handler, endpoint: endpoint, eventLoop: channel.eventLoop)
        for (script, hash) in scripts {
            handler.scripts.record(try #require(ScriptHash(.bulk(Array(hash.utf8)))), for: script)
        }
    }

    deinit {
        // A channel that was never closed keeps itself alive.
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    /// What the client has written since the last call, as text.
    func written() throws -> String {
        var text = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: buffer)
        }
        return text
    }

    /// Delivers this from the server, in one piece.
    func answer(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    func send(_ pipeline: RedisPipeline) -> Answer {
        let answer = Answer()
        connection.send(pipeline) { answer.result = $0 }
        return answer
    }

    /// Sends this many `GET`s as one pipeline.
    func send(gets count: Int) -> Answer {
        var pipeline = RedisPipeline()
        for _ in 0..<count {
            pipeline.command("GET", "k")
        }
        return send(pipeline)
    }

    /// Why the connection ended; nil while it is open, and after an orderly end.
    var endReason: RedisError? {
        get throws {
            let ended = Ended()
            handler.closeFuture.assumeIsolated().whenSuccess { ended.reason = $0 }
            channel.embeddedEventLoop.run()
            return ended.reason
        }
    }

    private final class Ended {
        var reason: RedisError?
    }
}

/// The outcome of one pipeline.
final class Answer {
    var result: Result<[RedisReply], RedisError>?

    var replies: [RedisReply]? { try? result?.get() }

    var error: RedisError? {
        guard case .failure(let error) = result else { return nil }
        return error
    }
}

/// The command as the server should receive it.
func encoded(_ parts: String...) -> String {
    "*\(parts.count)\r\n" + parts.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
}
