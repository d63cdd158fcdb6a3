import ArgumentParser
package import WorkerRuntime

/// Every setting of contract §9 as an option. All are texts here: one place checks them, wherever they come from.
package struct ConfigurationOptions: ParsableArguments {
    @Option(help: .configurationFile) var config: String?

    @Option(help: .setting(.amqpUrl)) var amqpUrl: String?
    @Option(help: .setting(.redisUrl)) var redisUrl: String?
    @Option(help: .setting(.redisReplicas)) var redisReplicas: String?
    @Option(help: .setting(.keyringFile)) var keyringFile: String?
    @Option(help: .setting(.keyringCommand)) var keyringCommand: String?
    @Option(help: .setting(.policyFile)) var policyFile: String?
    @Option(help: .setting(.callersFile)) var callersFile: String?
    @Option(help: .setting(.namespace)) var namespace: String?
    @Option(help: .setting(.prefetch)) var prefetch: String?
    @Option(help: .setting(.lanes)) var lanes: String?
    @Option(help: .setting(.topology)) var topology: String?
    @Option(help: .setting(.issuer)) var issuer: String?
    @Option(help: .setting(.audience)) var audience: String?
    @Option(help: .setting(.inboxSeconds)) var inboxSeconds: String?
    @Option(help: .setting(.drainSeconds)) var drainSeconds: String?
    @Option(help: .setting(.maxBodyBytes)) var maxBodyBytes: String?
    @Option(help: .setting(.requireTls)) var requireTls: String?
    @OptionGroup var amqpTLS: AMQPTLSOptions
    @OptionGroup var redisTLS: RedisTLSOptions
    @Option(help: .setting(.allowEviction)) var allowEviction: String?
    @Option(help: .setting(.audit)) var audit: String?
    @Option(help: .setting(.auditFile)) var auditFile: String?
    @Option(help: .setting(.adminAddress)) var adminAddress: String?
    @Option(help: .setting(.logLevel)) var logLevel: String?
    @Option(help: .setting(.logFormat)) var logFormat: String?
    @Option(help: .setting(.otlpUrl)) var otlpUrl: String?
    @Option(help: .setting(.otlpHeadersFile)) var otlpHeadersFile: String?
    @Option(help: .setting(.otlpCaFile)) var otlpCaFile: String?
    @Option(help: .setting(.otlpCertificateFile)) var otlpCertificateFile: String?
    @Option(help: .setting(.otlpKeyFile)) var otlpKeyFile: String?
    @Option(help: .setting(.traceRatio)) var traceRatio: String?
    @Option(help: .setting(.tracesPerSecond)) var tracesPerSecond: String?

    package init() {}

    /// The given options, which override environment and file.
    var overrides: [ConfigurationVariable: String] {
        var given: [ConfigurationVariable: String] = [:]
        for variable in ConfigurationVariable.allCases {
            given[variable] = text(of: variable)
        }
        return given
    }

    /// The whole configuration: options, then environment, then file.
    package func read(dev: Bool = false, needsKeyring: Bool = true) async throws -> WorkerConfiguration {
        try await WorkerConfiguration.read(
            commandLine: overrides, file: config, dev: dev, needsKeyring: needsKeyring)
    }

    /// A switch rather than a table, so that a new setting does not compile without its option.
    private func text(of variable: ConfigurationVariable) -> String? {
        switch variable {
        case .amqpUrl: amqpUrl
        case .redisUrl: redisUrl
        case .redisReplicas: redisReplicas
        case .keyringFile: keyringFile
        case .keyringCommand: keyringCommand
        case .policyFile: policyFile
        case .callersFile: callersFile
        case .namespace: namespace
        case .prefetch: prefetch
        case .lanes: lanes
        case .topology: topology
        case .issuer: issuer
        case .audience: audience
        case .inboxSeconds: inboxSeconds
        case .drainSeconds: drainSeconds
        case .maxBodyBytes: maxBodyBytes
        case .requireTls: requireTls
        case .amqpCaFile: amqpTLS.amqpCaFile
        case .amqpCertificateFile: amqpTLS.amqpCertificateFile
        case .amqpKeyFile: amqpTLS.amqpKeyFile
        case .redisCaFile: redisTLS.redisCaFile
        case .redisCertificateFile: redisTLS.redisCertificateFile
        case .redisKeyFile: redisTLS.redisKeyFile
        case .allowEviction: allowEviction
        case .audit: audit
        case .auditFile: auditFile
        case .adminAddress: adminAddress
        case .logLevel: logLevel
        case .logFormat: logFormat
        case .otlpUrl: otlpUrl
        case .otlpHeadersFile: otlpHeadersFile
        case .otlpCaFile: otlpCaFile
        case .otlpCertificateFile: otlpCertificateFile
        case .otlpKeyFile: otlpKeyFile
        case .traceRatio: traceRatio
        case .tracesPerSecond: tracesPerSecond
        }
    }
}
