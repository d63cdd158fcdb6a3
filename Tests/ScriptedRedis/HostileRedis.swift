import NIOCore
import NIOPosix
package import RedisNIO
import Synchronization

/// A RESP2 server whose replies the test chooses. Until then, a real client takes it for Redis.
package final class HostileRedis: Sendable {
    package typealias Answer = @Sendable (_ command: [String]) -> RedisReply

    private let channel: any Channel
    private let answer: AnswerBox

    private init(_ channel: any Channel, _ answer: AnswerBox) {
        self.channel = channel
        self.answer = answer
        port = channel.localAddress?.port ?? 0
    }

    package static func start(_ answer: @escaping Answer) async throws -> HostileRedis {
        let box = AnswerBox(answer)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RequestHandler(box))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return HostileRedis(channel, box)
    }

    /// Kept after it stopped: then nothing listens there.
    package let port: Int
    package var url: String { "redis://127.0.0.1:\(port)" }

    /// Changes the answer from now on.
    package func turn(_ answer: @escaping Answer) {
        self.answer.set(answer)
    }

    package func stop() async throws {
        try await channel.close()
    }

    /// The requests that start every connection, answered the way Redis does.
    package static func greeting(_ command: [String]) -> RedisReply? {
        switch command.first {
        case "SCRIPT": .bulk(Array(String(repeating: "a", count: 40).utf8))
        case "PING": .simple("PONG")
        case "AUTH", "SELECT", "CLIENT": .simple("OK")
        default: nil
        }
    }

    fileprivate final class AnswerBox: Sendable {
        private let answer: Mutex<Answer>

        init(_ answer: @escaping Answer) {
            self.answer = Mutex(answer)
        }

        func set(_ new: @escaping Answer) {
            answer.withLock { $0 = new }
        }

        func callAsFunction(_ command: [String]) -> RedisReply {
            HostileRedis.greeting(command) ?? answer.withLock { $0 }(command)
        }
    }
}

/// Reads requests, which are arrays of bulk strings, and writes the answers.
private final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: HostileRedis.AnswerBox
    private var received = ByteBuffer()

    init(_ answer: HostileRedis.AnswerBox) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var data = unwrapInboundIn(data)
        received.writeBuffer(&data)
        var replies = ByteBuffer()
        while let command = nextCommand() { replies.write(answer(command)) }
        received.discardReadBytes()
        if replies.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(replies), promise: nil) }
    }

    private func nextCommand() -> [String]? {
        var rest = received
        guard let count = rest.readNumber("*") else { return nil }
        var command: [String] = []
        for _ in 0..<count {
            guard let length = rest.readNumber("$"), let text = rest.readString(length: length),
                rest.readString(length: 2) != nil
            else { return nil }
            command.append(text)
        }
        received = rest
        return command
    }
}

extension ByteBuffer {
    /// A line with a marker and a number; `nil` if it is incomplete.
    fileprivate mutating func readNumber(_ marker: String) -> Int? {
        guard let end = readableBytesView.firstIndex(of: UInt8(ascii: "\r")),
            let line = readString(length: end - readerIndex), readString(length: 2) != nil, line.hasPrefix(marker)
        else { return nil }
        return Int(line.dropFirst())
    }

    fileprivate mutating func write(_ reply: RedisReply) {
        switch reply {
        case .simple(let text): writeString("+\(text)\r\n")
        case .error(let text): writeString("-\(text)\r\n")
        case .integer(let number): writeString(":\(number)\r\n")
        case .null, .oversized: writeString("$-1\r\n")
        case .bulk(let bytes):
            writeString("$\(bytes.count)\r\n")
            writeBytes(bytes)
            writeString("\r\n")
        case .array(let elements):
            writeString("*\(elements.count)\r\n")
            for element in elements { write(element) }
        }
    }
}

extension RedisReply {
    package static func text(_ text: String) -> RedisReply { .bulk(Array(text.utf8)) }

    /// A well-formed reply, modified so that it makes no sense, or a different reply.
    package func mutated(using random: inout some RandomNumberGenerator) -> RedisReply {
        if case .array(var elements) = self, !elements.isEmpty, Int.random(in: 0..<8, using: &random) > 0 {
            let place = Int.random(in: elements.indices, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: elements.remove(at: place)
            case 1: elements.append(elements[place])
            case 2: elements.insert(elements[Int.random(in: elements.indices, using: &random)], at: place)
            case 3: elements.swapAt(place, Int.random(in: elements.indices, using: &random))
            default: elements[place] = elements[place].mutated(using: &random)
            }
            return .array(elements)
        }
        if case .bulk(var bytes) = self, !bytes.isEmpty, Bool.random(using: &random) {
            let place = Int.random(in: bytes.indices, using: &random)
            if Bool.random(using: &random) {
                bytes.remove(at: place)
            } else {
                bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            return .bulk(bytes)
        }
        let numbers = ["9223372036854775807", "-9223372036854775808", "253402300800", "-1", "0", "1e9", "+1", ""]
        let others: [RedisReply] = [
            .null, .array([]), .integer(.max), .integer(.min), .integer(-1), .simple("OK"), .bulk([]),
            .array([.array([.array([self])])]), .error("WRONGTYPE x"), .error("ERR x"), .error("FOO x"),
            .error("OOM x"), .text(numbers.randomElement(using: &random) ?? ""), .bulk([0xff, 0xfe]),
            .bulk([1] + [UInt8](repeating: 7, count: 60)),
        ]
        return others.randomElement(using: &random) ?? .null
    }
}
