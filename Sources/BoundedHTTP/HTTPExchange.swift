import ConnectionSupport
import NIOCore
import NIOHTTP1

/// A request and its answer, over one connection, which it closes.
///
/// `@unchecked Sendable` is right because everything but the future is confined to the event loop.
final class HTTPExchange: @unchecked Sendable {
    private let promise: EventLoopPromise<HTTPAnswer>
    private let head: HTTPRequestHead
    private let body: [UInt8]
    private let longestAnswer: Int
    /// Of several attempts, one for each address of the host, the first that is connected.
    private var channel: (any Channel)?
    private var isOver = false
    private var received = 0
    private var answerHead: HTTPResponseHead?
    private var answerBody: [UInt8] = []

    init(head: HTTPRequestHead, body: [UInt8], longestAnswer: Int, on eventLoop: any EventLoop) {
        self.head = head
        self.body = body
        self.longestAnswer = longestAnswer
        promise = eventLoop.makePromise()
    }

    /// Only fails with what ``HTTPFailure/init(_:)`` understands.
    var answer: EventLoopFuture<HTTPAnswer> { promise.futureResult }

    /// Can be called from anywhere.
    func fail(_ error: any Error) {
        let failure = HTTPFailure(error)
        promise.futureResult.eventLoop.execute { self.end(.failure(failure)) }
    }

    func addHandlers(to channel: any Channel) throws {
        guard !isOver else { throw HTTPFailure(.timeout, "it could not be connected to in time") }
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

    private func end(_ result: Result<HTTPAnswer, HTTPFailure>) {
        guard !isOver else { return }
        isOver = true
        promise.completeWith(result.mapError { $0 as any Error })
        channel?.close(promise: nil)
        channel = nil
    }

    /// - Returns: whether that is not too much yet.
    private func received(bytes: Int) -> Bool {
        received += bytes
        guard received <= longestAnswer else {
            end(.failure(HTTPFailure(.malformed, "its answer is longer than \(longestAnswer) bytes")))
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
            end(.success(HTTPAnswer(status: Int(head.status.code), headers: head.headers, body: answerBody)))
        }
    }

    fileprivate func failed(_ error: any Error, on channel: any Channel) {
        guard channel === self.channel else { return }
        end(.failure(HTTPFailure(error)))
    }

    fileprivate func closed(_ channel: any Channel) {
        guard channel === self.channel else { return }
        end(.failure(HTTPFailure(.unreachable, "it closed the connection without an answer")))
    }
}

private final class Answers: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let exchange: HTTPExchange

    init(_ exchange: HTTPExchange) {
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
