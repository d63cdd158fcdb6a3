/// The PEM files for TLS with the servers of one kind. Read once, at startup.
package struct TLSFiles: Hashable, Sendable {
    /// The authorities to trust instead of the system's.
    package var ca: String?
    /// The client's certificate, followed by those that vouch for it; only together with ``key``.
    package var certificate: String?
    package var key: String?

    package init() {}
}

/// The settings that name these files.
struct TLSFileSettings {
    let ca: ConfigurationVariable
    let certificate: ConfigurationVariable
    let key: ConfigurationVariable
    /// The setting with the servers' URLs, and the schemes with TLS.
    let url: ConfigurationVariable
    let schemes: String

    static let amqp = TLSFileSettings(
        ca: .amqpCaFile, certificate: .amqpCertificateFile, key: .amqpKeyFile, url: .amqpUrl, schemes: "amqps://")

    static let redis = TLSFileSettings(
        ca: .redisCaFile, certificate: .redisCertificateFile, key: .redisKeyFile, url: .redisUrl,
        schemes: "rediss://, rediss+sentinel:// or rediss+cluster://")

    static let otlp = TLSFileSettings(
        ca: .otlpCaFile, certificate: .otlpCertificateFile, key: .otlpKeyFile, url: .otlpUrl, schemes: "https://")
}

extension WorkerConfiguration {
    /// - Throws: `ConfigurationError` if files for TLS contradict other settings.
    func checkTLSFiles() throws(ConfigurationError) {
        try check(.amqp, hasTLS: amqpURLs.contains { $0.lowercased().hasPrefix("amqps:") })
        try check(.redis, hasTLS: redisURL.lowercased().hasPrefix("rediss"))
        try check(.otlp, hasTLS: otlpURL?.lowercased().hasPrefix("https:") == true)
    }

    private func check(_ settings: TLSFileSettings, hasTLS: Bool) throws(ConfigurationError) {
        let (certificate, key) = (givenNames[settings.certificate], givenNames[settings.key])
        if let lone = certificate ?? key, certificate == nil || key == nil {
            let missing = key == nil ? settings.key : settings.certificate
            throw ConfigurationError(
                .conflictingValues, lone, "is given without \(missing.environmentName)",
                remedy: "a certificate and its key belong together: give both, or neither")
        }
        guard !hasTLS, let given = givenNames[settings.ca] ?? certificate else { return }
        throw ConfigurationError(
            .conflictingValues, given, "is given, but \(name(of: settings.url)) has no URL with TLS",
            remedy: "the URL must begin with \(settings.schemes), or the setting must go")
    }
}
