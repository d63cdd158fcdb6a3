/// Every variable of the worker (contract §9), by its name in the configuration file.
///
/// The names in the environment and on the command line follow from it, so that the three cannot drift apart.
package enum ConfigurationVariable: String, CaseIterable, Hashable, Sendable {
    case amqpUrl
    case redisUrl
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
    case adminAddress
    case logLevel
    case logFormat

    /// How a value is written in the file given with `--config`; everywhere else it is a text.
    enum Form: Hashable {
        case text
        /// A whole number.
        case number
    }

    var form: Form {
        switch self {
        case .prefetch, .lanes, .inboxSeconds, .drainSeconds, .maxBodyBytes: .number
        case .amqpUrl, .redisUrl, .keyringFile, .keyringCommand, .policyFile, .callersFile, .namespace, .topology,
            .issuer,
            .audience, .adminAddress, .logLevel, .logFormat:
            .text
        }
    }

    /// The key in the file given with `--config`: `amqpUrl`.
    package var fileKey: String { rawValue }

    /// The environment variable: `SOJOURN_AMQP_URL`.
    package var environmentName: String {
        "SOJOURN_" + words.joined(separator: "_").uppercased()
    }

    /// The option on the command line: `--amqp-url`.
    package var optionName: String {
        "--" + words.joined(separator: "-")
    }

    /// Whether the value may hold a password or the like, so that no error may repeat it.
    var isSecret: Bool {
        switch self {
        case .amqpUrl, .redisUrl, .keyringCommand:
            true
        case .keyringFile, .policyFile, .callersFile, .namespace, .prefetch, .lanes, .topology, .issuer, .audience,
            .inboxSeconds, .drainSeconds, .maxBodyBytes, .adminAddress, .logLevel, .logFormat:
            false
        }
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
