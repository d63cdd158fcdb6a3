import ArgumentParser
package import SessionWorker

/// Every variable of contract §9 as an option. All are texts here: one place checks them, wherever they come from.
package struct ConfigurationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Read this JSON file, weaker than environment and options.", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Brokers, amqp:// or amqps://, comma-separated, tried in turn. A password here shows in the process list; "
                + "prefer SOJOURN_AMQP_URL. (default: amqp://guest:guest@127.0.0.1:5672/)", valueName: "urls"))
    var amqpUrl: String?

    @Option(
        help: ArgumentHelp(
            "redis://, rediss://, redis+sentinel://h1,h2/name or redis+cluster://h1,h2. For a password prefer "
                + "SOJOURN_REDIS_URL. (default: redis://127.0.0.1:6379/0)", valueName: "url"))
    var redisUrl: String?

    @Option(help: ArgumentHelp("Keys, made by `sojourn keys init`.", valueName: "file"))
    var keyringFile: String?

    @Option(
        help: ArgumentHelp(
            "A program and its arguments that prints the keyring, instead of the file. What is secret in it shows in "
                + "the process list.", valueName: "command"))
    var keyringCommand: String?

    @Option(help: ArgumentHelp("JSON object, policy name to policy. (default: none)", valueName: "file"))
    var policyFile: String?

    @Option(
        help: ArgumentHelp("JSON object, caller to what it may do. (default: any caller, anything)", valueName: "file"))
    var callersFile: String?

    @Option(help: ArgumentHelp("Separates installations: A-Z a-z 0-9 _ -, at most 32. (default: sojourn)"))
    var namespace: String?

    @Option(help: ArgumentHelp("Unacknowledged deliveries per consumer, 1 to 65535. (default: 500)", valueName: "n"))
    var prefetch: String?

    @Option(help: ArgumentHelp("Event loops that work, 1 to 256. (default: the cores)", valueName: "n"))
    var lanes: String?

    @Option(
        help: ArgumentHelp(
            "declare: make exchanges and queues; check: only verify them. (default: declare)",
            valueName: "declare|check"))
    var topology: String?

    @Option(help: ArgumentHelp("iss of access tokens. (default: sojourn)", valueName: "text"))
    var issuer: String?

    @Option(help: ArgumentHelp("aud of access tokens. (default: sojourn)", valueName: "text"))
    var audience: String?

    @Option(help: ArgumentHelp("How long a message_id is remembered, 1 to 604800. (default: 3600)", valueName: "s"))
    var inboxSeconds: String?

    @Option(help: ArgumentHelp("How long stopping may take, 1 to 3600. (default: 25)", valueName: "s"))
    var drainSeconds: String?

    @Option(help: ArgumentHelp("Largest command body, 1024 to 1048576. (default: 65536)", valueName: "bytes"))
    var maxBodyBytes: String?

    @Option(
        help: ArgumentHelp(
            "Refuse servers that are not on this machine and have no TLS. (default: false, with a warning)",
            valueName: "true|false"))
    var requireTls: String?

    @Option(
        help: ArgumentHelp(
            "Start with a Redis that evicts what it keeps. (default: false)", valueName: "true|false"))
    var allowEviction: String?

    @Option(
        help: ArgumentHelp(
            "Where /livez, /readyz and /metrics are. (default: 127.0.0.1:9490)", valueName: "host:port"))
    var adminAddress: String?

    @Option(
        help: ArgumentHelp(
            "trace, debug, info, notice, warning, error or critical. (default: info)", valueName: "level"))
    var logLevel: String?

    @Option(help: ArgumentHelp("One line of text or one JSON object an event. (default: text)", valueName: "text|json"))
    var logFormat: String?

    package init() {}

    /// What was given, to go before environment and file.
    private var overrides: [ConfigurationVariable: String] {
        var given: [ConfigurationVariable: String] = [:]
        for variable in ConfigurationVariable.allCases {
            given[variable] = text(of: variable)
        }
        return given
    }

    /// The whole configuration: these options over the environment over the file.
    package func read(dev: Bool = false, needsKeyring: Bool = true) async throws -> WorkerConfiguration {
        try await WorkerConfiguration.read(
            commandLine: overrides, file: config, dev: dev, needsKeyring: needsKeyring)
    }

    /// A switch rather than a table, so that a new variable does not compile without its option.
    private func text(of variable: ConfigurationVariable) -> String? {
        switch variable {
        case .amqpUrl: amqpUrl
        case .redisUrl: redisUrl
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
        case .allowEviction: allowEviction
        case .adminAddress: adminAddress
        case .logLevel: logLevel
        case .logFormat: logFormat
        }
    }
}
