import Foundation

@testable import RedisNIO

/// A certificate created with the `openssl` command and deleted with this value.
final class SelfSignedCertificate: Sendable {
    let folder: String
    var certificatePath: String { folder + "/certificate.pem" }
    var keyPath: String { folder + "/key.pem" }

    /// - Parameter name: the subject of the certificate, such as `DNS:localhost` or `IP:127.0.0.1`.
    init(for name: String) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sojourn-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", "/CN=sojourn-test", "-addext", "subjectAltName=\(name)", "-days", "1",
            "-keyout", folder + "/key.pem", "-out", folder + "/certificate.pem",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Unavailable(description: "openssl could not make a certificate; is it installed?")
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }
}

extension RedisServerProcess {
    /// Starts a server that only accepts TLS, with this certificate.
    static func start(tls certificate: SelfSignedCertificate) async throws -> RedisServerProcess {
        try await start(
            plain: false,
            [
                "--tls-cert-file", certificate.certificatePath, "--tls-key-file", certificate.keyPath,
                "--tls-auth-clients", "no",
            ])
    }
}
