import AMQPNIO
import RedisNIO

extension RedisError {
    /// Whether Redis rejects our credentials. A missing permission (`notPermitted`) may be granted while we wait.
    var isRefusalOfCredentials: Bool { code == .authenticationFailed }
}

extension AMQPError {
    /// Whether the broker rejects our credentials or the virtual host. It reports a connection limit with the same
    /// code, but that is temporary.
    var isRefusalOfCredentials: Bool {
        switch code {
        case .authenticationFailed: true
        case .virtualHostUnavailable: replyText?.contains("limit") != true
        default: false
        }
    }
}

extension ConfigurationError {
    /// Redis rejects our credentials.
    static func refused(_ error: RedisError, _ configuration: WorkerConfiguration) -> ConfigurationError {
        ConfigurationError(
            .refusedByServer, configuration.name(of: .redisUrl), "is refused by Redis (\(error.message))",
            remedy: "give the user name and password of an existing user")
    }

    /// A broker rejects our credentials, or the virtual host.
    static func refused(
        by broker: AMQPConfiguration, _ error: AMQPError, _ configuration: WorkerConfiguration
    ) -> ConfigurationError {
        let remedy =
            error.code == .authenticationFailed
            ? "give the user name and password of an existing user"
            : "the virtual host must exist, and the user must have access to it"
        return ConfigurationError(
            .refusedByServer, configuration.name(of: .amqpUrl),
            "is refused by RabbitMQ at \(broker) (\(error.replyText ?? error.message))", remedy: remedy)
    }

    /// Exchanges or queues that nobody has declared.
    static func missing(_ names: [String], _ configuration: WorkerConfiguration) -> ConfigurationError {
        ConfigurationError(
            .missingTopology, "RabbitMQ", "lacks \(names.joined(separator: ", "))",
            remedy:
                "import the output of `sojourn topology`, or set \(configuration.name(of: .topology)) to declare")
    }

    /// The namespace is already used with another keyring.
    static func foreignKeyring(_ configuration: WorkerConfiguration) -> ConfigurationError {
        ConfigurationError(
            .conflictingValues, configuration.nameOfKeys, "is not the keyring used with this namespace",
            remedy: configuration.dev
                ? "its keys are new at each start: use a keyring (sojourn keys init), or another namespace"
                : "give all workers of a namespace the same keyring, or this one its own namespace")
    }
}
