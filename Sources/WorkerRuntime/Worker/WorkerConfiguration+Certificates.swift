import ConnectionSupport
import NIOSSL
import SessionCrypto

extension WorkerConfiguration {
    /// TLS with RabbitMQ, where a URL asks for it.
    func amqpTLSConfiguration() throws(ConfigurationError) -> TLSConfiguration {
        try configuration(of: amqpTLS, .amqp)
    }

    /// TLS with Redis, if its URL asks for it.
    func redisTLSConfiguration() throws(ConfigurationError) -> TLSConfiguration {
        try configuration(of: redisTLS, .redis)
    }

    /// TLS with the OTLP endpoint, if its URL asks for it.
    func otlpTLSConfiguration() throws(ConfigurationError) -> TLSConfiguration {
        try configuration(of: otlpTLS, .otlp)
    }

    private func configuration(
        of files: TLSFiles, _ settings: TLSFileSettings
    ) throws(ConfigurationError) -> TLSConfiguration {
        let authorities = try content(of: files.ca, settings.ca)
        let certificates = try content(of: files.certificate, settings.certificate)
        let key = try content(of: files.key, settings.key, isSecret: true)
        do throws(ClientTLS.PEMProblem) {
            return try ClientTLS.configuration(
                authorities: authorities, identity: certificates.flatMap { chain in key.map { (chain, $0) } })
        } catch {
            switch error {
            case .authorities(let problem): throw unusable(files.ca, settings.ca, problem)
            case .certificates(let problem): throw unusable(files.certificate, settings.certificate, problem)
            case .key(let problem): throw unusable(files.key, settings.key, problem)
            }
        }
    }

    /// In bytes: a system's whole bundle of authorities has a quarter of it.
    private static let maxBytes = 1 << 20

    /// - Returns: nil without a path.
    private func content(
        of path: String?, _ variable: ConfigurationVariable, isSecret: Bool = false
    ) throws(ConfigurationError) -> [UInt8]? {
        guard let path else { return nil }
        let content: [UInt8]
        do throws(RegularFile.Problem) {
            content = try RegularFile(opening: path, isSecret: isSecret).content(maxBytes: Self.maxBytes)
        } catch {
            throw unusable(path, variable, error.description)
        }
        guard !content.isEmpty else { throw unusable(path, variable, "is empty") }
        return content
    }

    private func unusable(_ path: String?, _ variable: ConfigurationVariable, _ problem: String) -> ConfigurationError {
        ConfigurationError(
            .unreadableFile, "\(name(of: variable)) \(path ?? "")", problem,
            remedy: "it must be a file in PEM form that this user may read")
    }
}
