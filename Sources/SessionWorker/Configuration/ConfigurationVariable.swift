import SessionCore

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
    case requireTls
    case allowEviction
    case adminAddress
    case logLevel
    case logFormat

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

    /// Whether the value may hold a password or the like, so that no error may repeat it.
    var isSecret: Bool {
        switch self {
        case .amqpUrl, .redisUrl, .keyringCommand:
            true
        case .keyringFile, .policyFile, .callersFile, .namespace, .prefetch, .lanes, .topology, .issuer, .audience,
            .inboxSeconds, .drainSeconds, .maxBodyBytes, .requireTls, .allowEviction, .adminAddress, .logLevel,
            .logFormat:
            false
        }
    }

    /// How a value is written in the file given with `--config`; everywhere else it is a text.
    enum Form: String {
        case text = "a text"
        case number = "a whole number, without quotes"
        case flag = "true or false, without quotes"
    }

    var form: Form {
        switch self {
        case .prefetch, .lanes, .inboxSeconds, .drainSeconds, .maxBodyBytes:
            .number
        case .requireTls, .allowEviction:
            .flag
        case .amqpUrl, .redisUrl, .keyringFile, .keyringCommand, .policyFile, .callersFile, .namespace, .topology,
            .issuer, .audience, .adminAddress, .logLevel, .logFormat:
            .text
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
