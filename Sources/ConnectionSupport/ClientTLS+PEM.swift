package import NIOSSL

extension ClientTLS {
    /// Which of the contents cannot be used, and why, following the file's name: `has no certificate in PEM form`.
    package enum PEMProblem: Error, Hashable, Sendable {
        case authorities(String)
        case certificates(String)
        case key(String)
    }

    /// ``standard``, but with these files instead of the system's.
    ///
    /// - Parameters:
    ///   - authorities: PEM; only certificates that these have signed are trusted. Nil: the system's.
    ///   - identity: PEM; the client's certificate, followed by those that vouch for it, and its key.
    package static func configuration(
        authorities: [UInt8]?, identity: (certificates: [UInt8], key: [UInt8])?
    ) throws(PEMProblem) -> TLSConfiguration {
        var configuration = standard
        if let authorities {
            guard let trusted = certificates(in: authorities) else { throw .authorities(noCertificate) }
            configuration.trustRoots = .certificates(trusted)
            // It may have certificates in PEM form that are none inside.
            guard (try? NIOSSLContext(configuration: configuration)) != nil else { throw .authorities(noCertificate) }
        }
        guard let identity else { return configuration }
        guard let chain = certificates(in: identity.certificates) else { throw .certificates(noCertificate) }
        guard let key = try? NIOSSLPrivateKey(bytes: identity.key, format: .pem) else {
            throw .key("has no private key in PEM form without a passphrase")
        }
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = .privateKey(key)
        guard (try? NIOSSLContext(configuration: configuration)) != nil else {
            throw .key("does not belong to the certificate")
        }
        return configuration
    }

    private static let noCertificate = "has no certificate in PEM form"

    private static func certificates(in pem: [UInt8]) -> [NIOSSLCertificate]? {
        guard let found = try? NIOSSLCertificate.fromPEMBytes(pem), !found.isEmpty else { return nil }
        return found
    }
}
