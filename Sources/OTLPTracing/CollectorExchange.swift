import ConnectionSupport
import NIOCore
import NIOHTTP1

/// A request to a collector and its answer, over one connection, which it closes.
///
/// `@unchecked Sendable` is right because everything but the future is confined to the event loop.
final class CollectorExchange: @unchecked Sendable {
    private let promise: EventLoopPromise<CollectorAnswer>
    private let head: HTTPRequestHead
    private let body: [UInt8]
    /// Of several attempts, one for each address of the host, the first that is connected.
    private var channel: (any Channel)?
    private var isOver = false
    private var received = 0
    private var answerHead: HTTPResponseHead?
    private var answerBody: [UInt8] = []

    init(head: HTTPRequestHead, body: [UInt8], on eventLoop: any EventLoop) {
        self.head = head
        self.body = body
        promise = eventLoop.makePromise()
    }

    /// Only fails with what ``ExportFailure/init(_:)`` understands.
    var answer: EventLoopFuture<CollectorAnswer> { promise.futureResult }

    /// Can be called from anywhere.
    func fail(_ error: any Error) {
        let failure = ExportFailure(error)
        promise.futureResult.eventLoop.execute { self.end(.failure(failure)) }
    }

    func addHandlers(to channel: any Channel) throws {
        guard !isOver else { throw ExportFailure(.timeout, "it could not be connected to in time") }
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 8 << 10
        limits.maxHeaderListSize = 16 << 10
        limits.maxHeaderFieldCount = 64
        let decoder = HTTPResponseDecoder(
            leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop, limitConfiguration: limits)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ReceivedBytes { self.received(bytes: $0) })
        try pipeline.addHandler(HTTPRequestEncoder())
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(Answers(self))
    }

    private func end(_ result: Result<CollectorAnswer, ExportFailure>) {
        guard !isOver else { return }
        isOver = true
        promise.completeWith(result.mapError { $0 as any Error })
        channel?.close(promise: nil)
        channel = nil
    }

    /// - Returns: whether that is not too much yet.
    private func received(bytes: Int) -> Bool {
        received += bytes
        guard received <= CollectorConnection.Limits.answer else {
            end(
                .failure(
                    ExportFailure(.malformed, "its answer is longer than \(CollectorConnection.Limits.answer) bytes")))
            return false
        }
        return !isOver
    }

    fileprivate func connected(_ context: ChannelHandlerContext) {
        guard !isOver, channel == nil else { return context.close(promise: nil) }
        channel = context.channel
        context.write(NIOAny(HTTPClientRequestPart.head(head)), promise: nil)
        context.write(NIOAny(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.writeAndFlush(NIOAny(HTTPClientRequestPart.end(nil)), promise: nil)
    }

    fileprivate func received(_ part: HTTPClientResponsePart) {
        switch part {
        case .head(let head): answerHead = head
        case .body(let bytes): answerBody += bytes.readableBytesView
        case .end:
            guard let head = answerHead else { return }
            let retryAfter = head.headers.first(name: "retry-after").flatMap(Int.init)
            end(
                .success(
                    CollectorAnswer(status: Int(head.status.code), retryAfter: retryAfter, body: answerBody)))
        }
    }

    fileprivate func failed(_ error: any Error, on channel: any Channel) {
        guard channel === self.channel else { return }
        end(.failure(ExportFailure(error)))
    }

    fileprivate func closed(_ channel: any Channel) {
        guard channel === self.channel else { return }
        end(.failure(ExportFailure(.unreachable, "it closed the connection without an answer")))
    }
}

private final class Answers: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let exchange: CollectorExchange

    init(_ exchange: CollectorExchange) {
        self.exchange = exchange
    }

    func channelActive(context: ChannelHandlerContext) {
        exchange.connected(context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        exchange.received(unwrapInboundIn(data))
    }

    func channelInactive(context: ChannelHandlerContext) {
        exchange.closed(context.channel)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        exchange.failed(error, on: context.channel)
    }
}
