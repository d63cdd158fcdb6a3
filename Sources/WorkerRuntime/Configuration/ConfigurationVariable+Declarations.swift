import Logging

extension ConfigurationVariable {
    private typealias Bounds = WorkerConfiguration.Bounds

    /// The only place that defines what each setting is. The default is that of the field in ``WorkerConfiguration``.
    package var declaration: SettingDeclaration {
        switch self {
        case .amqpUrl:
            .secret(
                \.amqpURLs, "urls", "The brokers, amqp:// or amqps://, comma-separated, tried in turn",
                // Including the password, which is not secret: every new RabbitMQ has it.
                standard: WorkerConfiguration().amqpURLs.joined(separator: ","),
                reader: { (setting) throws(ConfigurationError) in
                    try setting.urls(schemes: ["amqp", "amqps"], count: Bounds.amqpURLs)
                },
                shown: { urls in urls.map(WorkerConfiguration.withoutSecrets).joined(separator: ",") })
        case .redisUrl:
            .secret(
                \.redisURL, "url", "Where state is kept, redis:// or rediss://",
                reader: { (setting) throws(ConfigurationError) in try setting.url(schemes: ["redis", "rediss"]) },
                shown: WorkerConfiguration.withoutSecrets)
        case .keyringFile:
            .path(
                \.keyringFile, "The keys, made by `sojourn keys init`; watched for changes",
                standard: "none; a worker then needs a command, or --dev")
        case .keyringCommand:
            .secret(
                \.keyringCommand, "command",
                "A program and its arguments, run without a shell, that prints the keyring; instead of the file",
                reader: { (setting) throws(ConfigurationError) in try setting.command() }, shown: { $0?.first })
        case .policyFile:
            .path(\.policyFile, "A JSON object, policy name to policy; watched for changes")
        case .callersFile:
            .path(
                \.callersFile,
                "A JSON object, RabbitMQ user to what it may send, and where its replies may go; watched for changes",
                standard: "none: any caller, anything")
        case .namespace:
            .text(
                \.namespace, "namespace",
                "Separates installations that share servers, tokens included: 1 to 32 of A-Z a-z 0-9 _ -",
                reader: { (setting) throws(ConfigurationError) in try setting.namespace() })
        case .prefetch:
            .number(
                \.prefetch, in: Bounds.prefetch, "n", "Deliveries that each consumer may hold unacknowledged")
        case .lanes:
            .number(
                \.lanes, in: Bounds.lanes, "n", "Event loops that work, each with its own connections",
                standard: "the cores that this process may use")
        case .topology:
            .choice(
                \.topology, "declare: make exchanges and queues; check: only verify that they are there")
        case .issuer:
            .text(
                \.issuer, "text", "iss of access tokens, 1 to \(Bounds.tokenNameBytes) bytes",
                reader: { (setting) throws(ConfigurationError) in
                    try setting.printableText(maxBytes: Bounds.tokenNameBytes)
                })
        case .audience:
            .text(
                \.audience, "text", "aud of access tokens, 1 to \(Bounds.tokenNameBytes) bytes",
                reader: { (setting) throws(ConfigurationError) in
                    try setting.printableText(maxBytes: Bounds.tokenNameBytes)
                })
        case .inboxSeconds:
            .number(
                \.inboxSeconds, in: Bounds.inboxSeconds, "seconds",
                "How long a message_id is remembered with its result")
        case .drainSeconds:
            .number(
                \.drainSeconds, in: Bounds.drainSeconds, "seconds",
                "How long the worker may take to finish what it has after SIGTERM")
        case .maxBodyBytes:
            .number(\.maxBodyBytes, in: Bounds.maxBodyBytes, "bytes", "The largest command body")
        case .requireTls:
            .flag(\.requireTLS, "true: refuse a server that is not on this machine and has no TLS; false: only warn")
        case .allowEviction:
            .flag(
                \.allowEviction,
                "true: start with a Redis that evicts what it keeps, so that sessions and revocations may vanish")
        case .adminAddress:
            .text(
                \.adminAddress, "host:port", "Where /livez, /readyz, /metrics and /.well-known/jwks.json are served",
                reader: { (setting) throws(ConfigurationError) in try setting.endpoint() })
        case .logLevel:
            .choice(\.logLevel, "The least important level that is logged")
        case .logFormat:
            .choice(\.logFormat, "A line of text or one JSON object an event")
        }
    }
}
