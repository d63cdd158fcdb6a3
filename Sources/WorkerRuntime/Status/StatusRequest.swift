import ConnectionSupport
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks a worker for its status.
package enum StatusRequest {
    /// Why there is no status, as a sentence.
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }

    private static let patience = TimeAmount.seconds(5)
    /// A status has some kilobytes.
    private static let longest = 1 << 20

    /// - Throws: ``Problem`` if nobody answers in time, or not with a status.
    package static func status(of worker: SocketEndpoint) async throws(Problem) -> WorkerStatus {
        let body = try await get("/status.json", from: worker)
        do {
            return try JSONDecoder().decode(WorkerStatus.self, from: Data(body))
        } catch {
            throw Problem(description: "what answers at \(worker) is no worker of this version")
        }
    }

    private static func get(_ path: String, from worker: SocketEndpoint) async throws(Problem) -> [UInt8] {
        let response: NIOHTTPClientResponseFull
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = eventLoop.makePromise(of: NIOHTTPClientResponseFull.self)
        do {
            let channel = try await ClientBootstrap(group: eventLoop)
                .connectTimeout(patience)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHTTPClientHandlers()
                        try pipeline.addHandler(NIOHTTPClientResponseAggregator(maxContentLength: longest))
                        try pipeline.addHandler(AnswerHandler(answer))
                    }
                }
                .connect(host: worker.host, port: worker.port).get()
            channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
            var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path)
            head.headers.add(name: "host", value: "\(worker)")
            head.headers.add(name: "connection", value: "close")
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
            channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
            response = try await answer.futureResult.get()
            channel.close(promise: nil)
        } catch {
            // If there is no connection, nobody else completes it.
            answer.fail(error)
            throw Problem(description: "no worker answers at \(worker): \(reason(error))")
        }
        guard response.head.status == .ok, let body = response.body else {
            throw Problem(description: "what answers at \(worker) has no status (\(response.head.status.code))")
        }
        return Array(body.readableBytesView)
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case is Unanswered: "it closed the connection, or took more than 5 seconds"
        default: ConnectFailure.words(error)
        }
    }

    /// The connection ended without a response.
    private struct Unanswered: Error {}

    /// Passes the response on, or why there is none.
    private final class AnswerHandler: ChannelInboundHandler {
        typealias InboundIn = NIOHTTPClientResponseFull

        private let answer: EventLoopPromise<NIOHTTPClientResponseFull>

        init(_ answer: EventLoopPromise<NIOHTTPClientResponseFull>) {
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            answer.succeed(unwrapInboundIn(data))
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            answer.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            answer.fail(Unanswered())
        }
    }
}
