package import NIOCore
package import NIOSSL

/// TLS as every connection of ours uses it.
package enum ClientTLS {
    /// TLS 1.2 or later, the system's trust roots, and a certificate that must name the host.
    package static var standard: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        return configuration
    }

    /// The channel handlers of a connection to this host, in order: TLS, and behind it one that turns the errors of TLS
    /// into a ``TLSRefusal`` where it can say more.
    package static func handlers(to host: String, _ context: NIOSSLContext) throws -> [any ChannelHandler] {
        [try NIOSSLClientHandler.connecting(to: host, context), TLSRefusalHandler(host: host)]
    }
}

extension NIOSSLClientHandler {
    /// A handler for a connection to this host.
    fileprivate static func connecting(to host: String, _ context: NIOSSLContext) throws -> NIOSSLClientHandler {
        do {
            return try NIOSSLClientHandler(context: context, serverHostname: host)
        } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
            // An address must not be sent as the server's name (RFC 6066, section 3). Without a name, the certificate is
            // checked against the address.
            return try NIOSSLClientHandler(context: context, serverHostname: nil)
        }
    }
}

private final class TLSRefusalHandler: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    private let host: String

    init(host: String) {
        self.host = host
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The library only says that verification failed; the certificate itself says more.
        let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
        context.fireErrorCaught(TLSRefusal(by: host, error, certificate: certificate.flatMap(\.self)) ?? error)
    }
}
