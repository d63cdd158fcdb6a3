import ConnectionSupport
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Sends requests to a collector, each over its own connection: there are few, with hundreds of spans each.
struct CollectorConnection: Sendable {
    /// Limits on what a collector could make large or slow. It is as little trusted as a caller.
    enum Limits {
        static let connecting: TimeAmount = .seconds(5)
        /// In bytes, of everything that it sends; an answer has a few dozen.
        static let answer = 64 << 10
    }

    let endpoint: OTLPEndpoint
    let headers: OTLPHeaders
    let userAgent: String
    /// `nil` without TLS.
    let tls: NIOSSLContext?
    let eventLoop: any EventLoop

    /// Sends spans, and waits for the answer. If the task is cancelled, the connection is closed.
    ///
    /// - Parameter patience: until the answer is complete.
    func send(_ body: [UInt8], patience: TimeAmount) async throws(ExportFailure) -> CollectorAnswer {
        let exchange = CollectorExchange(head: head(of: body), body: body, on: eventLoop)
        let deadline = eventLoop.scheduleTask(in: patience) {
            exchange.fail(ExportFailure(.timeout, "it has not answered in time"))
        }
        defer { deadline.cancel() }
        let attempt = ClientBootstrap(group: eventLoop)
            .connectTimeout(min(Limits.connecting, patience))
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
                exchange.fail(ExportFailure(.timeout, "the worker is stopping"))
            }
        } catch {
            throw ExportFailure(error)
        }
    }

    private func head(of body: [UInt8]) -> HTTPRequestHead {
        var fields = HTTPHeaders([
            ("host", "\(endpoint)"), ("content-type", "application/json"), ("content-length", "\(body.count)"),
            ("user-agent", userAgent), ("connection", "close"),
        ])
        for (name, value) in headers.all { fields.add(name: name, value: value) }
        return HTTPRequestHead(version: .http1_1, method: .POST, uri: endpoint.path, headers: fields)
    }
}
