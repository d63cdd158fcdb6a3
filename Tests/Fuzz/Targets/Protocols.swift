import ConnectionSupport
import Logging
import NIOCore
import NIOEmbedded

@testable import AMQPNIO
@testable import RedisNIO

// What the two servers send.
extension FuzzTarget {
    static var protocols: [FuzzTarget] {
        [
            FuzzTarget(
                name: "amqp-frames", maximumBytes: 8192,
                seeds: [Pieces.whole(Broker.handshake), Pieces.whole(Broker.delivery), Pieces.whole(Broker.outcomes)],
                run: decodeFrames),
            FuzzTarget(
                name: "amqp-connection", maximumBytes: 8192,
                seeds: [Pieces.whole(Broker.session), Pieces.whole(Broker.handshake)], run: converse),
            FuzzTarget(name: "resp", maximumBytes: 4096, seeds: replies.map(Pieces.whole), run: parseReplies),
            FuzzTarget(
                name: "redis-connection", maximumBytes: 4096, seeds: replies.map(Pieces.whole), run: answerPipelines),
        ]
    }

    // MARK: AMQP

    /// Frames are the same however their bytes arrive, and so is the error.
    private static func decodeFrames(_ input: [UInt8]) {
        let pieces = frames(in: Array(Pieces(input)))
        let whole = frames(in: [input.dropFirst()])
        require(pieces == whole, "frames depend on how they arrive")
    }

    private static func frames(in pieces: [ArraySlice<UInt8>]) -> [String] {
        var decoder = FrameDecoder(frameMax: 4096)
        var contents = ContentAssembler(retainedBodyBytes: 1024)
        var seen: [String] = []
        do {
            for piece in pieces {
                decoder.append(ByteBuffer(bytes: piece))
                while let frame = try decoder.next() {
                    switch frame {
                    case .method(let channel, let method):
                        seen.append("\(channel) \(method)")
                        switch method {
                        case .deliver(let address): try contents.begin(.delivery(address))
                        case .returned(let address): try contents.begin(.returned(address))
                        default: break
                        }
                    case .header(let channel, let properties, let size):
                        seen.append("\(channel) \(properties) \(size)")
                        if let content = try contents.header(properties, bodySize: size) { seen.append("\(content)") }
                    case .body(let channel, let bytes):
                        seen.append("\(channel) \(bytes.readableBytes)")
                        if let content = try contents.body(bytes) { seen.append("\(content)") }
                    case .heartbeat: seen.append("heartbeat")
                    }
                }
            }
        } catch {
            seen.append("\(error)")
        }
        return seen
    }

    /// A connection that consumes and publishes. It ends, and every call and every publication has an outcome.
    private static func converse(_ input: [UInt8]) {
        let channel = EmbeddedChannel()
        let loop = channel.embeddedEventLoop
        var configuration = AMQPConfiguration()
        configuration.password = "secret"
        let handler = ConnectionHandler(
            configuration: configuration, eventLoop: loop, logger: silent, connectDeadline: loop.now + .seconds(5),
            onBlocked: { _ in })
        let outcomes = Counter()
        do {
            try channel.pipeline.syncOperations.addHandler(handler)
            channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 5672), promise: nil)
        } catch {
            fatalError("\(error)")
        }
        handler.established.futureResult.assumeIsolated().whenSuccess { use(handler, outcomes) }
        for piece in Pieces(input) where channel.isActive {
            _ = try? channel.writeInbound(ByteBuffer(bytes: piece))
            loop.run()
            while let written = try? channel.readOutbound(as: ByteBuffer.self) { _ = written }
        }
        loop.advanceTime(by: .minutes(10))
        _ = try? channel.finish(acceptAlreadyClosed: true)
        loop.run()
        let end = Counter()
        handler.closed.futureResult.assumeIsolated().whenComplete { _ in end.add() }
        handler.established.futureResult.assumeIsolated().whenComplete { _ in end.add() }
        loop.run()
        require(end.count == 2, "the connection has not ended")
        require(outcomes.count == outcomes.expected, "\(outcomes.count) of \(outcomes.expected) calls have an outcome")
    }

    private static func use(_ handler: ConnectionHandler, _ outcomes: Counter) {
        outcomes.expected += 1
        AMQPConnection.openChannel(handler) { result in
            outcomes.add()
            guard case .success(let channel) = result else { return }
            outcomes.expected += 3
            channel.onLoop { core in
                core.confirmSelect { _ in
                    outcomes.add()
                    let messages = (0..<3).map { AMQPMessage(exchange: "e", routingKey: "k\($0)", body: [1, 2, 3]) }
                    core.publish(messages, timeout: .seconds(30)) { _, _ in outcomes.add() }
                }
                core.consume(
                    queue: "q", tag: "c", noAck: false, exclusive: false, arguments: [:],
                    onBatch: { deliveries in
                        guard let last = deliveries.last, last.deliveryTag > 0 else { return }
                        channel.acknowledge(last.deliveryTag, multiple: true)
                    },
                    onCancelled: {}
                ) { _ in outcomes.add() }
            }
        }
    }

    // MARK: Redis

    private static let replies: [[UInt8]] = [
        "+OK\r\n:42\r\n$5\r\nhello\r\n$-1\r\n*-1\r\n*2\r\n$1\r\na\r\n*1\r\n:-7\r\n-ERR no\r\n",
        "-NOSCRIPT No matching script.\r\n+OK\r\n:1\r\n*0\r\n$0\r\n\r\n",
        "*3\r\n*2\r\n:1\r\n$-1\r\n-READONLY replica\r\n+PONG\r\n$40\r\n0123456789012345678901234567890123456789\r\n",
    ].map { Array($0.utf8) }

    /// Replies are the same however their bytes arrive.
    private static func parseReplies(_ input: [UInt8]) {
        let pieces = parsed(Array(Pieces(input)))
        let whole = parsed([input.dropFirst()])
        require(pieces.replies == whole.replies, "replies depend on how they arrive")
        require(pieces.isRefused == whole.isRefused, "whether a reply is refused depends on how it arrives")
    }

    private static func parsed(_ pieces: [ArraySlice<UInt8>]) -> (replies: [RedisReply], isRefused: Bool) {
        var parser = ReplyParser(maximumReplyBytes: 8192, maximumReplyMemory: 64 << 10)
        var replies: [RedisReply] = []
        do {
            for piece in pieces {
                try parser.parse(ByteBuffer(bytes: piece)) { reply, size throws(RedisError) in
                    require(size.bytes <= 8192 && size.memory <= 64 << 10, "a reply exceeds its limits")
                    replies.append(reply)
                }
            }
            return (replies, false)
        } catch {
            return (replies, true)
        }
    }

    /// A connection that waits for replies. Each pipeline is answered once, at the latest when the connection ends.
    private static func answerPipelines(_ input: [UInt8]) {
        let channel = EmbeddedChannel()
        let loop = channel.embeddedEventLoop
        var configuration = RedisConfiguration()
        configuration.maximumReplyBytes = 8192
        let handler = RedisChannelHandler(configuration: configuration, logger: silent, eventLoop: loop)
        let outcomes = Counter()
        do {
            try channel.pipeline.syncOperations.addHandler(handler)
            channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 6379), promise: nil)
        } catch {
            fatalError("\(error)")
        }
        let script = RedisScript(name: "s", source: Array("return 1".utf8))
        if let hash = ScriptHash(.bulk(Array(repeating: UInt8(ascii: "a"), count: 40))) {
            handler.scripts.record(hash, for: script)
        }
        for _ in 0..<4 {
            var pipeline = RedisPipeline()
            pipeline.command("TIME")
            pipeline.evaluate(script, keys: ["k"])
            pipeline.command("GET", .string("k"))
            pipeline.replyBudget = ReplyBudget(total: 2048, each: 1024)
            outcomes.expected += 1
            handler.send(pipeline) { result in
                outcomes.add()
                if case .success(let replies) = result { require(replies.count == 3, "a reply for each command") }
            }
        }
        for piece in Pieces(input) where channel.isActive {
            _ = try? channel.writeInbound(ByteBuffer(bytes: piece))
            loop.run()
            while let written = try? channel.readOutbound(as: ByteBuffer.self) { _ = written }
        }
        loop.advanceTime(by: .minutes(1))
        _ = try? channel.finish(acceptAlreadyClosed: true)
        loop.run()
        require(outcomes.count == outcomes.expected, "\(outcomes.count) of \(outcomes.expected) pipelines are answered")
    }
}

private let silent = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }

/// Counts outcomes. Confined to the thread that runs a target; the callbacks it is used from need not be.
private final class Counter: @unchecked Sendable {
    private(set) var count = 0
    var expected = 0

    func add() { count += 1 }
}

/// What a broker sends, written by hand.
private enum Broker {
    static let handshake =
        method(
            0, 10, 10,
            [0, 9] + long([7] + Array("product".utf8) + [UInt8(ascii: "S")] + long(Array("RabbitMQ".utf8)))
                + long(Array("PLAIN".utf8)) + long(Array("en_US".utf8)))
        + method(0, 10, 30, [0x07, 0xFF, 0, 0, 0x10, 0, 0, 60]) + method(0, 10, 41, [0])
    static let delivery =
        method(1, 60, 60, short("c") + [0, 0, 0, 0, 0, 0, 0, 1, 0] + short("e") + short("k"))
        // Content type, headers (of most types), delivery mode, correlation id, reply-to, message id, time, user.
        + frame(
            2, 1,
            [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0b1011_0110, 0b1101_0000]
                + short("application/json") + long(headers) + [2] + short("7c1e0a52") + short("amq.gen-1")
                + short("m-1")
                + [0, 0, 0, 0, 0x65, 0, 0, 0] + short("shop"))
        + frame(3, 1, Array("{\"a\"".utf8)) + frame(3, 1, [UInt8(ascii: "}")])
    static let outcomes =
        method(1, 60, 80, [0, 0, 0, 0, 0, 0, 0, 2, 1]) + method(1, 60, 120, [0, 0, 0, 0, 0, 0, 0, 3, 0])
        + method(1, 60, 50, [0x01, 0x38] + short("NO_ROUTE") + short("e") + short("k"))
        + frame(2, 1, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) + frame(8, 0, [])
        + method(0, 10, 60, short("low on memory")) + method(0, 10, 61, [])
    static let session =
        handshake + method(1, 20, 11, long([])) + method(1, 85, 11, []) + method(1, 60, 21, short("c")) + delivery
        + outcomes + method(1, 60, 30, short("c") + [1])
        + method(1, 20, 40, [0x01, 0x94] + short("NOT_FOUND") + [0, 50, 0, 10]) + method(0, 10, 51, [])

    private static let headers: [UInt8] =
        short("t") + [UInt8(ascii: "t"), 1] + short("l") + [UInt8(ascii: "l"), 0, 0, 0, 0, 0, 0, 0, 9] + short("A")
        + [UInt8(ascii: "A")] + long([UInt8(ascii: "V"), UInt8(ascii: "b"), 7]) + short("F") + [UInt8(ascii: "F")]
        + long(short("x") + [UInt8(ascii: "S")] + long([65])) + short("D") + [UInt8(ascii: "D"), 2, 0, 0, 0, 1]

    private static func short(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

    private static func long(_ bytes: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) } + bytes
    }

    private static func frame(_ type: UInt8, _ channel: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [type, 0, channel] + long(payload) + [0xCE]
    }

    private static func method(_ channel: UInt8, _ classID: UInt8, _ id: UInt8, _ arguments: [UInt8]) -> [UInt8] {
        frame(1, channel, [0, classID, 0, id] + arguments)
    }
}
