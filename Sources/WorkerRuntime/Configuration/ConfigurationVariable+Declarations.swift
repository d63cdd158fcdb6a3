import Logging
import OTLPTracing

extension ConfigurationVariable {
    private typealias Bounds = WorkerConfiguration.Bounds

    /// The only place that defines what each setting is. The default is that of the field in ``WorkerConfiguration``.
    package var declaration: SettingDeclaration {
        switch self {
        case .amqpUrl:
            .secret(
                \.amqpURLs, "urls", "RabbitMQ servers (amqp:// or amqps://), separated by commas, tried in this order",
                // With its password, which is no secret: every new RabbitMQ has it.
                standard: WorkerConfiguration().amqpURLs.joined(separator: ","),
                reader: { (setting) throws(ConfigurationError) in
                    try setting.urls(schemes: ["amqp", "amqps"], count: Bounds.amqpURLs)
                },
                shown: { urls in urls.map(WorkerConfiguration.withoutSecrets).joined(separator: ",") })
        case .redisUrl:
            .secret(
                \.redisURL, "url",
                "The Redis that stores all state: redis:// or rediss://; with +sentinel for the master that Sentinels know "
                    + "(redis+sentinel://host,host/master-name), with +cluster for a Redis Cluster",
                reader: { (setting) throws(ConfigurationError) in
                    try setting.url(schemes: [
                        "redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster",
                    ])
                },
                shown: WorkerConfiguration.withoutSecrets)
        case .redisReplicas:
            .number(
                \.redisReplicas, in: Bounds.redisReplicas, "n",
                "How many Redis replicas must have a change before it is acknowledged")
        case .keyringFile:
            .path(
                \.keyringFile, "The keyring, created by `sojourn keys init`; reloaded when it changes",
                standard: "none; a worker then needs --keyring-command or --dev")
        case .keyringCommand:
            .secret(
                \.keyringCommand, "command",
                "A program with its arguments, run without a shell, that prints the keyring; replaces --keyring-file",
                reader: { (setting) throws(ConfigurationError) in try setting.command() }, shown: { $0?.first })
        case .policyFile:
            .path(\.policyFile, "JSON file with the policies by name; reloaded when it changes")
        case .callersFile:
            .path(
                \.callersFile,
                "JSON file with what each RabbitMQ user may send, and where replies may go; reloaded when it changes",
                standard: "none; any user may send any command")
        case .namespace:
            .text(
                \.namespace, "namespace",
                "Separates the queues, data and tokens of installations on shared servers; 1 to 32 of A-Z a-z 0-9 _ -",
                reader: { (setting) throws(ConfigurationError) in try setting.namespace() })
        case .prefetch:
            .number(
                \.prefetch, in: Bounds.prefetch, "n",
                "Prefetch count of each consumer: its limit on unacknowledged deliveries")
        case .lanes:
            .number(
                \.lanes, in: Bounds.lanes, "n", "Event loops that process commands, each with its own connections",
                standard: "one per core that this process may use")
        case .topology:
            .choice(
                \.topology,
                "declare: create exchanges, queues and bindings; check: only verify that exchanges and queues exist")
        case .issuer:
            .text(
                \.issuer, "text", "The iss claim of access tokens, 1 to \(Bounds.tokenNameBytes) bytes",
                reader: { (setting) throws(ConfigurationError) in
                    try setting.printableText(maxBytes: Bounds.tokenNameBytes)
                })
        case .audience:
            .text(
                \.audience, "text", "The aud claim of access tokens, 1 to \(Bounds.tokenNameBytes) bytes",
                reader: { (setting) throws(ConfigurationError) in
                    try setting.printableText(maxBytes: Bounds.tokenNameBytes)
                })
        case .inboxSeconds:
            .number(
                \.inboxSeconds, in: Bounds.inboxSeconds, "seconds",
                "How long a result is kept, so that a repeated message_id gets it again")
        case .drainSeconds:
            .number(
                \.drainSeconds, in: Bounds.drainSeconds, "seconds",
                "How long a worker may take to finish the commands in flight after SIGTERM")
        case .maxBodyBytes:
            .number(\.maxBodyBytes, in: Bounds.maxBodyBytes, "bytes", "Maximum size of a command body")
        case .requireTls:
            .flag(\.requireTLS, "true: do not connect without TLS to a server on another machine; false: only warn")
        case .amqpCaFile:
            .path(\.amqpTLS.ca, authorities("RabbitMQ"), standard: "the system's")
        case .amqpCertificateFile:
            .path(\.amqpTLS.certificate, certificate("RabbitMQ", .amqpKeyFile))
        case .amqpKeyFile:
            .path(\.amqpTLS.key, key(.amqpCertificateFile))
        case .redisCaFile:
            .path(\.redisTLS.ca, authorities("Redis"), standard: "the system's")
        case .redisCertificateFile:
            .path(\.redisTLS.certificate, certificate("Redis", .redisKeyFile))
        case .redisKeyFile:
            .path(\.redisTLS.key, key(.redisCertificateFile))
        case .allowEviction:
            .flag(
                \.allowEviction,
                "true: start even if Redis may evict keys, which loses sessions and revocations")
        case .audit:
            .choice(
                \.audit,
                "changes: record who did what to which session, and what happened to sessions, in an audit log; all: reads, "
                    + "too; off: keep no audit log")
        case .auditFile:
            .path(
                \.auditFile,
                "The audit log, created if missing; each worker needs one of its own; reopened at SIGHUP if it was renamed",
                standard: "none; required unless the audit log is off")
        case .adminAddress:
            .text(
                \.adminAddress, "host:port",
                "Where to serve the status page, /livez, /readyz, /metrics and /.well-known/jwks.json",
                reader: { (setting) throws(ConfigurationError) in try setting.endpoint() })
        case .logLevel:
            .choice(\.logLevel, "Lowest level that is logged")
        case .logFormat:
            .choice(\.logFormat, "text: a line per entry; json: a JSON object per line")
        case .otlpUrl:
            .secret(
                \.otlpURL, "url",
                "Where to send traces: the base URL of an OTLP/HTTP endpoint, http:// or https://; /v1/traces is appended",
                standard: "none; nothing is traced",
                reader: { (setting) throws(ConfigurationError) in try setting.url(schemes: ["http", "https"]) },
                shown: { url in url.flatMap { try? OTLPEndpoint(url: $0) }.map { "\($0)" } })
        case .otlpHeadersFile:
            .path(
                \.otlpHeadersFile,
                "File with HTTP headers for the OTLP endpoint, such as authorization, one a line; other users must not be able "
                    + "to read it")
        case .otlpCaFile:
            .path(\.otlpTLS.ca, authorities("the OTLP endpoint"), standard: "the system's")
        case .otlpCertificateFile:
            .path(\.otlpTLS.certificate, certificate("the OTLP endpoint", .otlpKeyFile))
        case .otlpKeyFile:
            .path(\.otlpTLS.key, key(.otlpCertificateFile))
        case .traceRatio:
            .text(
                \.traceRatio, "ratio",
                "Share of the commands without a trace that begin one, 0 to 1; where a command has a trace, its sampled flag decides",
                reader: { (setting) throws(ConfigurationError) in try setting.ratio() },
                shown: { $0 == 0 ? "0" : "\($0)" })
        case .tracesPerSecond:
            .number(
                \.tracesPerSecond, in: Bounds.tracesPerSecond, "n",
                "The most commands that each worker traces per second, whatever their sampled flags say")
        }
    }

    private func authorities(_ server: String) -> String {
        "PEM file with the authorities that may sign the certificate of \(server); only for URLs with TLS"
    }

    private func certificate(_ server: String, _ key: ConfigurationVariable) -> String {
        "PEM file with the certificate shown to \(server), and those that vouch for it; only with \(key.optionName)"
    }

    private func key(_ certificate: ConfigurationVariable) -> String {
        "PEM file with the key of \(certificate.optionName), without a passphrase; other users must not be able to read it"
    }
}
