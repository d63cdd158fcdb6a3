import ConnectionSupport
import NIOCore
import NIOHTTP1

/// A connection to the admin address, with its limits on size and time.
///
/// Confined to its event loop, so it needs no lock.
final class AdminConnection {
    private enum Phase {
        /// No byte of the next request has arrived yet.
        case idle
        case reading
        case answering
    }

    private let routes: AdminRoutes
    private let connections: AdminConnections
    private var channel: (any Channel)?
    private var phase = Phase.idle
    /// Bytes read since the last response.
    private var bytes = 0
    private var deadline: Scheduled<Void>?

    init(routes: AdminRoutes, connections: AdminConnections) {
        self.routes = routes
        self.connections = connections
    }

    /// Whether the server is waiting for the client to send a request.
    var isWaiting: Bool {
        switch phase {
        case .idle, .reading: true
        case .answering: false
        }
    }

    func addHandlers(to channel: any Channel) throws {
        self.channel = channel
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ReceivedBytes { self.received(bytes: $0) })
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = AdminServer.Limits.headerBytes
        limits.maxHeaderListSize = AdminServer.Limits.headersBytes
        limits.maxHeaderFieldCount = AdminServer.Limits.headerCount
        try pipeline.configureHTTPServerPipeline(
            withErrorHandling: true, withOutboundHeaderValidation: true, withEncoderConfiguration: .init(),
            withDecoderLimitConfiguration: limits)
        try pipeline.addHandler(AdminRequests(self))
        connections.add(self)
        // A client that connects must send its first request within the same time as any other.
        expect(within: AdminServer.Limits.request)
    }

    func close() {
        deadline?.cancel()
        channel?.close(promise: nil)
    }

    fileprivate func ended() {
        deadline?.cancel()
        connections.remove(self)
        channel = nil
    }

    /// - Returns: whether the request is still within the limit.
    private func received(bytes count: Int) -> Bool {
        bytes += count
        guard bytes <= AdminServer.Limits.requestBytes else {
            close()
            return false
        }
        if case .idle = phase {
            phase = .reading
            expect(within: AdminServer.Limits.request)
        }
        return true
    }

    fileprivate func answer(to head: HTTPRequestHead) -> AdminAnswer {
        phase = .answering
        expect(within: AdminServer.Limits.answer)
        return head.hasBody ? routes.answerToBody : routes.answer(to: head.method, head.uri)
    }

    /// The whole response has been written.
    fileprivate func answered(_ keepsAlive: Bool) {
        guard keepsAlive, !connections.isStopping else { return close() }
        phase = .idle
        bytes = 0
        connections.renew(self)
        expect(within: AdminServer.Limits.idle)
    }

    private func expect(within time: TimeAmount) {
        deadline?.cancel()
        deadline = channel?.eventLoop.assumeIsolated().scheduleTask(in: time) { self.close() }
    }
}

/// Answers requests one at a time; the pipeline delivers the next one only after the response to the last.
private final class AdminRequests: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let connection: AdminConnection
    private var head: HTTPRequestHead?

    init(_ connection: AdminConnection) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head) where head.hasBody:
            respond(to: head, context)
        case .head(let head):
            self.head = head
        case .body:
            break
        case .end:
            // Without a head, the request has already been rejected and the connection is closing.
            if let head { respond(to: head, context) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.ended()
        context.fireChannelInactive()
    }

    /// The client reset the connection or sent malformed HTTP; there is nothing to answer.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func respond(to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        head = nil
        let answer = connection.answer(to: request)
        let keepsAlive = request.isKeepAlive && !request.hasBody
        var headers = HTTPHeaders(answer.headers)
        headers.add(name: "content-length", value: "\(answer.body.count)")
        if !keepsAlive { headers.add(name: "connection", value: "close") }
        let response = HTTPResponseHead(
            version: request.version, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        if request.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        }
        let connection = connection
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
            connection.answered(keepsAlive)
        }
    }
}

extension HTTPRequestHead {
    /// No endpoint at the admin address accepts a body.
    fileprivate var hasBody: Bool {
        !headers[canonicalForm: "transfer-encoding"].isEmpty
            || headers[canonicalForm: "content-length"].contains { $0 != "0" }
    }
}
