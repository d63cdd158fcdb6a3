import SessionCore

/// The name of every setting of the worker (contract §9), as in the configuration file. ``declaration`` defines the
/// setting.
///
/// The names in the environment and on the command line are derived from it, so that the three cannot diverge.
package enum ConfigurationVariable: String, CaseIterable, Hashable, Sendable {
    case amqpUrl
    case redisUrl
    case redisReplicas
    case keyringFile
    case keyringCommand
    case policyFile
    case callersFile
    case namespace
    case prefetch
    case lanes
    case topology
    case issuer
    case audience
    case inboxSeconds
    case drainSeconds
    case maxBodyBytes
    case requireTls
    case amqpCaFile
    case amqpCertificateFile
    case amqpKeyFile
    case redisCaFile
    case redisCertificateFile
    case redisKeyFile
    case allowEviction
    case audit
    case auditFile
    case adminAddress
    case logLevel
    case logFormat
    case otlpUrl
    case otlpHeadersFile
    case otlpCaFile
    case otlpCertificateFile
    case otlpKeyFile
    case traceRatio
    case tracesPerSecond

    /// The key in the file given with `--config`: `amqpUrl`.
    package var fileKey: String { rawValue }

    /// The variable with exactly this key.
    init?(fileKey: String) {
        guard let variable = Self.allCases.first(where: { $0.fileKey.isExactly(fileKey) }) else { return nil }
        self = variable
    }

    /// The environment variable: `SOJOURN_AMQP_URL`.
    package var environmentName: String {
        "SOJOURN_" + words.joined(separator: "_").uppercased()
    }

    /// The option on the command line: `--amqp-url`.
    package var optionName: String {
        "--" + words.joined(separator: "-")
    }

    private var words: [String] {
        var words = [""]
        for character in rawValue {
            if character.isUppercase {
                words.append(character.lowercased())
            } else {
                words[words.count - 1].append(character)
            }
        }
        return words
    }
}
