import NIOCore
import NIOPosix

/// Sends bytes to a port of this machine and returns everything received until the other side closes: what a probe
/// sees, without an HTTP client's interpretation.
enum HTTPProbe {
    struct Answer {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    static func get(_ path: String, port: Int) async throws -> Answer {
        try await answer(to: "GET \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", port: port)
    }

    static func answer(to request: String, port: Int) async throws -> Answer {
        let text = try await exchange(request, port: port)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = parts[0].split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            headers[line[..<colon].lowercased()] = String(line[colon...].dropFirst().drop { $0 == " " })
        }
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return Answer(status: status ?? 0, headers: headers, body: parts.count > 1 ? String(parts[1]) : "")
    }

    static func exchange(_ request: String, port: Int) async throws -> String {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = loop.makePromise(of: ByteBuffer.self)
        do {
            _ = try await ClientBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Exchange(request, answer: answer))
                    }
                }
                .connect(host: "127.0.0.1", port: port).get()
        } catch {
            answer.fail(error)
        }
        return String(buffer: try await answer.futureResult.get())
    }

    /// Sends as soon as it is connected, because the server closes idle connections, and a test among many others may
    /// have to wait that long for its turn.
    private final class Exchange: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let request: String
        private let answer: EventLoopPromise<ByteBuffer>
        private var received = ByteBuffer()

        init(_ request: String, answer: EventLoopPromise<ByteBuffer>) {
            self.request = request
            self.answer = answer
        }

        func channelActive(context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received.writeImmutableBuffer(unwrapInboundIn(data))
        }

        func channelInactive(context: ChannelHandlerContext) {
            answer.succeed(received)
        }

        /// A server that refuses a request may reset the connection after its answer.
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
