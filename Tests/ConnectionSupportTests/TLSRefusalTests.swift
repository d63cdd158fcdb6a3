import Glibc
import NIOSSL
import Testing

@testable import ConnectionSupport

@Suite("TLS")
struct TLSRefusalTests {
    private static let now: time_t = 1_000_000

    private func reason(_ words: String, validFrom: time_t? = nil, until: time_t? = nil) -> TLSRefusal.Reason? {
        TLSRefusal.Reason(words: words, validFrom: validFrom, until: until, now: Self.now)
    }

    @Test("a certificate that was not verified is outside its time, or else of an unknown authority")
    func verification() {
        let words = "error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED"
        #expect(reason(words, validFrom: 0, until: Self.now - 1) == .expired)
        #expect(reason(words, validFrom: Self.now + 1, until: Self.now + 2) == .notYetValid)
        #expect(reason(words, validFrom: 0, until: Self.now) == .unknownAuthority)
        #expect(reason(words) == .unknownAuthority)
    }

    @Test(
        "what the server says about our certificate is passed on",
        arguments: [
            ("TLSV1_ALERT_CERTIFICATE_REQUIRED", TLSRefusal.Reason.clientCertificateMissing),
            ("TLSV1_ALERT_UNKNOWN_CA", .clientCertificateRejected(alert: "unknown ca")),
            ("SSLV3_ALERT_BAD_CERTIFICATE", .clientCertificateRejected(alert: "bad certificate")),
            ("SSLV3_ALERT_HANDSHAKE_FAILURE", .clientCertificateRejected(alert: "handshake failure")),
        ])
    func alerts(words: String, expected: TLSRefusal.Reason) {
        #expect(reason("Error: SSL routines:OPENSSL_internal:\(words) at a.cc:1") == expected)
    }

    @Test("an old version, another protocol and an unknown error are told apart")
    func others() {
        #expect(reason("TLSV1_ALERT_PROTOCOL_VERSION") == .oldVersion)
        #expect(reason("WRONG_VERSION_NUMBER") == .noTLS)
        #expect(reason("BAD_DECRYPT") == nil)
    }

    @Test("connections use TLS 1.2 or later, and verify certificate and host name")
    func standard() {
        #expect(ClientTLS.standard.minimumTLSVersion == .tlsv12)
        #expect(ClientTLS.standard.certificateVerification == .fullVerification)
    }
}
