package import NIOSSL

extension NIOSSLClientHandler {
    /// A handler for a connection to this host.
    package static func connecting(to host: String, _ context: NIOSSLContext) throws -> NIOSSLClientHandler {
        do {
            return try NIOSSLClientHandler(context: context, serverHostname: host)
        } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
            // An address must not be sent as the server's name (RFC 6066, section 3). Without a name, the certificate is
            // checked against the address.
            return try NIOSSLClientHandler(context: context, serverHostname: nil)
        }
    }
}
