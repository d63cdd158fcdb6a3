import ConnectionSupport
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// Connects to a server, lets TLS begin, and leaves: nothing is sent to whoever listens there.
struct ServerVisit {
    let host: String
    let port: Int
    /// `nil`: without TLS.
    let tls: TLSConfiguration?
    /// For the connection, and again for TLS.
    let patience: TimeAmount

    /// - Returns: the server's certificate; `nil` without TLS.
    /// - Throws: what ``ConnectFailure`` has words for.
    func certificate() async throws -> NIOSSLCertificate? {
        let host = host
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let shown = eventLoop.makePromise(of: NIOSSLCertificate?.self)
        do {
            let channel = try await ClientBootstrap(group: eventLoop)
                .connectTimeout(patience)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard let context else { return shown.succeed(nil) }
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHandlers(ClientTLS.handlers(to: host, context))
                        try pipeline.addHandler(CertificateReader(shown))
                    }
                }
                .connect(host: host, port: port).get()
            channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
            defer { channel.close(promise: nil) }
            return try await shown.futureResult.get()
        } catch {
            // If there is no connection, nobody else completes it.
            shown.fail(error)
            throw error
        }
    }
}

/// Completes a promise with the certificate of the server, once TLS has accepted it.
private final class CertificateReader: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    private let shown: EventLoopPromise<NIOSSLCertificate?>

    init(_ shown: EventLoopPromise<NIOSSLCertificate?>) { self.shown = shown }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            shown.completeWith(Result { try context.pipeline.syncOperations.nioSSL_peerCertificate() })
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        shown.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        shown.fail(ChannelError.eof)
        context.fireChannelInactive()
    }
}
