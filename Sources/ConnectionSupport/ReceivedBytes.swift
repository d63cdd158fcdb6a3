package import NIOCore

/// Counts what a connection receives before anything parses it: a parser's own limits leave out parts, such as the length of a
/// request line.
package final class ReceivedBytes: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer

    private let accepts: (_ count: Int) -> Bool

    /// - Parameter accepts: Called on the event loop with the number of bytes of each read; these are dropped if it returns false.
    package init(accepts: @escaping (_ count: Int) -> Bool) {
        self.accepts = accepts
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard accepts(unwrapInboundIn(data).readableBytes) else { return }
        context.fireChannelRead(data)
    }
}
