package import Logging
import NIOCore

/// Everything a worker can be told (contract §9). Plain data: `WorkerConfiguration.read` makes one from file,
/// environment and command line.
package struct WorkerConfiguration: Sendable, Hashable {
    /// What the worker does about exchanges and queues at its start.
    package enum Topology: String, CaseIterable, Hashable, Sendable {
        /// Declare everything; what is there already stays.
        case declare
        /// Only verify, say what is missing, and stop.
        case check
    }

    /// What a line of the log looks like.
    package enum LogFormat: String, CaseIterable, Hashable, Sendable {
        /// Time, level, message, `key=value`: for people.
        case text
        /// One JSON object a line: for collectors.
        case json
    }

    /// The brokers, tried in turn: `amqp://` or `amqps://`, 1 to 16 of them. May hold passwords.
    /// Default: `amqp://guest:guest@127.0.0.1:5672/`.
    package var amqpURLs: [String] = ["amqp://guest:guest@127.0.0.1:5672/"]

    /// Where state is kept: `redis://`, `rediss://`, `redis+sentinel://` or `redis+cluster://`. May hold a password.
    /// Default: `redis://127.0.0.1:6379/0`.
    package var redisURL: String = "redis://127.0.0.1:6379/0"

    /// Path of the keyring, made by `sojourn keys init`. Default: none; then there is a `keyringCommand`, or only `--dev`
    /// starts.
    package var keyringFile: String?

    /// A program and its arguments, run without a shell, that prints the keyring. Default: none. Beside a `keyringFile`
    /// it is an error.
    package var keyringCommand: [String]?

    /// Path of a JSON object, policy name → policy. Default: none, which leaves the built-in `default` policy.
    package var policyFile: String?

    /// Path of a JSON object, caller → what it may do. Default: none, which lets any caller do anything.
    package var callersFile: String?

    /// Separates installations that share servers: exchanges, queues, Redis keys and tokens. `[A-Za-z0-9_-]{1,32}`.
    /// Default: `sojourn`.
    package var namespace: String = "sojourn"

    /// Deliveries a consumer may hold unacknowledged, in messages, 1 to 65535. Default: 500.
    package var prefetch: Int = 500

    /// Event loops that work, each with its own connections, 1 to 256. Default: the cores this process may use
    /// (a container's CPU limit counts).
    package var lanes: Int = defaultLanes

    /// Whether the worker makes its exchanges and queues or only checks them. Default: `declare`.
    package var topology: Topology = .declare

    /// `iss` of access tokens, 1 to 256 bytes. Default: `sojourn`.
    package var issuer: String = "sojourn"

    /// `aud` of access tokens, 1 to 256 bytes. Default: `sojourn`.
    package var audience: String = "sojourn"

    /// How long a `message_id` is remembered with its result, in seconds, 1 to 604800. Default: 3600.
    package var inboxSeconds: Int = 3600

    /// How long the worker may take to finish what it has after SIGTERM, in seconds, 1 to 3600. Default: 25, which
    /// leaves a reserve within the 30 seconds that Kubernetes gives.
    package var drainSeconds: Int = 25

    /// The largest command body, in bytes, 1024 to 1048576. Default: 65536.
    package var maxBodyBytes: Int = 65536

    /// Whether a server that is not on loopback is refused unless it is talked to over TLS. Default: false, with a warning
    /// at the start.
    package var requireTLS: Bool = false

    /// Whether Redis may evict what it keeps (a `maxmemory-policy` other than `noeviction`). Default: false, and such a
    /// Redis stops the start.
    package var allowEviction: Bool = false

    /// Where `/livez`, `/readyz` and `/metrics` are served. Default: `127.0.0.1:9490`.
    package var adminAddress: SocketEndpoint = SocketEndpoint(host: "127.0.0.1", port: 9490)

    /// The least important level that is logged. Default: `info`.
    package var logLevel: Logger.Level = .info

    /// What a line of the log looks like. Default: `text`.
    package var logFormat: LogFormat = .text

    /// A throw-away keyring in memory instead of a file: sessions do not survive the process. Only from the command
    /// line, so that no forgotten variable runs production without keys. Default: false.
    package var dev: Bool = false

    /// What the settings of files were given as: `SOJOURN_POLICY_FILE`, `--policy-file`, `policyFile in FILE`.
    var givenNames: [ConfigurationVariable: String] = [:]

    /// What messages about a setting call it: as it was given.
    func name(of variable: ConfigurationVariable) -> String {
        givenNames[variable] ?? variable.environmentName
    }

    /// Every default of contract §9.
    package init() {}

    /// Not more than the bound of `lanes`, whatever the machine.
    private static var defaultLanes: Int { min(max(System.coreCount, 1), Bounds.lanes.upperBound) }
}

extension WorkerConfiguration {
    /// What each number may be. Every one has an upper bound, so that a digit too many is an error at
    /// start, not a shortage of memory later.
    enum Bounds {
        /// AMQP carries it in 16 bits, and 0 would mean "no limit" to the broker.
        static let prefetch = 1...65535
        /// Each lane has up to five connections; beyond this the broker, not the machine, is the limit.
        static let lanes = 1...256
        /// A week: every remembered result occupies Redis for as long.
        static let inboxSeconds = 1...604_800
        /// Orchestrators kill long before an hour.
        static let drainSeconds = 1...3600
        /// Below 1 KiB no command with its tokens fits; a lane may hold `prefetch` bodies at once, so 1 MiB is much.
        static let maxBodyBytes = 1024...1_048_576
        /// Brokers of one cluster; each may cost a connection attempt's time-out before the next is tried.
        static let amqpURLs = 1...16
        /// In bytes. Linux takes no longer path.
        static let pathBytes = 4095
        /// In bytes. Both are in every access token.
        static let tokenNameBytes = 256
        /// In bytes. Sentinel and cluster URLs list hosts.
        static let urlBytes = 4096
        /// In bytes.
        static let commandBytes = 4096
    }
}
