import ConnectionSupport
package import NIOCore
package import NIOHTTP1
import NIOPosix
package import NIOSSL

/// Sends requests to a server, each over its own connection: for a few requests a minute.
package struct HTTPRequester: Sendable {
    private static let connecting: TimeAmount = .seconds(5)

    package let endpoint: HTTPEndpoint
    /// `nil` without TLS.
    private let tls: NIOSSLContext?
    /// The longest answer, in bytes, with its head. A server is as little trusted as a caller.
    private let longestAnswer: Int
    private let eventLoop: any EventLoop

    package init(_ endpoint: HTTPEndpoint, tls: NIOSSLContext?, longestAnswer: Int, on eventLoop: any EventLoop) {
        self.endpoint = endpoint
        self.tls = tls
        self.longestAnswer = longestAnswer
        self.eventLoop = eventLoop
    }

    /// Sends a request, and waits for the answer. If the task is cancelled, the connection is closed.
    ///
    /// - Parameters:
    ///   - headers: besides `host` and those about the connection and the body.
    ///   - patience: until the answer is complete.
    package func answer(
        to method: HTTPMethod, _ path: String, _ headers: [(String, String)], body: [UInt8] = [], patience: TimeAmount
    ) async throws(HTTPFailure) -> HTTPAnswer {
        let fields = [("host", "\(endpoint)"), ("content-length", "\(body.count)"), ("connection", "close")]
        let exchange = HTTPExchange(
            head: HTTPRequestHead(
                version: .http1_1, method: method, uri: path.isEmpty ? "/" : path,
                headers: HTTPHeaders(fields + headers)),
            body: body, longestAnswer: longestAnswer, on: eventLoop)
        let deadline = eventLoop.scheduleTask(in: patience) {
            exchange.fail(HTTPFailure(.timeout, "it has not answered in time"))
        }
        defer { deadline.cancel() }
        let attempt = ClientBootstrap(group: eventLoop)
            .connectTimeout(min(Self.connecting, patience))
            .channelInitializer { [endpoint, tls] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandlers(ClientTLS.handlers(to: endpoint.host, tls)) }
                    try exchange.addHandlers(to: channel)
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
        attempt.whenFailure { exchange.fail($0) }
        do {
            return try await withTaskCancellationHandler {
                try await exchange.answer.get()
            } onCancel: {
                exchange.fail(HTTPFailure(.timeout, "the request was cancelled"))
            }
        } catch {
            throw HTTPFailure(error)
        }
    }
}
