import Glibc
import NIOSSL

/// Why there is no TLS with a server: one side refuses the other. The connection is never made without TLS instead.
package struct TLSRefusal: Error, Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        case wrongHost
        case expired
        case notYetValid
        case unknownAuthority
        case clientCertificateMissing
        /// The server rejects our certificate, or that there is none, with this alert.
        case clientCertificateRejected(alert: String)
        case noTLS
        case oldVersion
    }

    package let host: String
    package let reason: Reason

    /// Nil if the error is not a refusal, or one that nothing more is known about.
    ///
    /// - Parameter certificate: the server's, if it has sent one.
    init?(by host: String, _ error: any Error, certificate: NIOSSLCertificate?) {
        guard let reason = Reason(error, certificate: certificate) else { return nil }
        self.host = host
        self.reason = reason
    }
}

extension TLSRefusal.Reason {
    init?(_ error: any Error, certificate: NIOSSLCertificate?) {
        if let error = error as? NIOSSLExtraError {
            guard error == .failedToValidateHostname else { return nil }
            self = .wrongHost
            return
        }
        let failure: BoringSSLError
        switch error {
        case let error as BoringSSLError: failure = error
        case NIOSSLError.handshakeFailed(let error): failure = error
        default: return nil
        }
        // The codes are not public, but their names are printed.
        self.init(words: "\(failure)", validFrom: certificate?.notValidBefore, until: certificate?.notValidAfter)
    }

    /// - Parameters:
    ///   - words: the names of BoringSSL's errors, among others.
    ///   - validFrom: when the server's certificate begins to be valid, if it has sent one.
    init?(words: String, validFrom: time_t?, until validUntil: time_t?, now: time_t = time(nil)) {
        func isNamed(_ names: String...) -> Bool { names.contains(where: words.contains) }
        if isNamed("CERTIFICATE_VERIFY_FAILED") {
            if let validUntil, validUntil < now {
                self = .expired
            } else if let validFrom, validFrom > now {
                self = .notYetValid
            } else {
                self = .unknownAuthority
            }
        } else if isNamed("ALERT_CERTIFICATE_REQUIRED", "TLSV1_CERTIFICATE_REQUIRED") {
            self = .clientCertificateMissing
        } else if isNamed("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "EOF during handshake") {
            self = .noTLS
        } else if isNamed("UNSUPPORTED_PROTOCOL", "ALERT_PROTOCOL_VERSION") {
            self = .oldVersion
        } else if let alert = Self.alerts.first(where: { isNamed("ALERT_\($0)") }) {
            self = .clientCertificateRejected(alert: alert.lowercased().replacing("_", with: " "))
        } else {
            return nil
        }
    }

    /// The alerts with which a server answers a client's certificate, or that there is none (RFC 8446, section 6.2).
    private static let alerts = [
        "HANDSHAKE_FAILURE", "NO_CERTIFICATE", "BAD_CERTIFICATE", "UNSUPPORTED_CERTIFICATE", "CERTIFICATE_REVOKED",
        "CERTIFICATE_EXPIRED", "CERTIFICATE_UNKNOWN", "UNKNOWN_CA", "ACCESS_DENIED",
    ]
}

extension TLSRefusal: CustomStringConvertible {
    package var description: String { "there is no TLS with \(host): \(reason)" }
}

extension TLSRefusal.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .wrongHost: "the server's certificate is for another host name"
        case .expired: "the server's certificate has expired"
        case .notYetValid: "the server's certificate is not valid yet"
        case .unknownAuthority:
            "the server's certificate is not signed by a trusted authority, or one that signed it has expired"
        case .clientCertificateMissing: "the server requires a client certificate, and none is configured"
        case .clientCertificateRejected(let alert):
            "the server refuses our client certificate, or that there is none (\(alert))"
        case .noTLS: "the server seems not to speak TLS on this port"
        case .oldVersion: "the server does not offer TLS 1.2 or later"
        }
    }
}
