package import Logging
import NIOCore

/// All settings of a worker (contract §9), as plain data. `WorkerConfiguration.read` creates it from file, environment
/// and command line.
package struct WorkerConfiguration: Sendable, Hashable {
    /// What the worker does about exchanges and queues at startup.
    package enum Topology: String, CaseIterable, Hashable, Sendable {
        /// Declare everything; existing ones stay.
        case declare
        /// Only verify, and exit with an error if something is missing.
        case check
    }

    /// What the audit log records.
    package enum Audit: String, CaseIterable, Hashable, Sendable {
        /// Nothing.
        case off
        /// Commands that can change something, whatever came of them, every command that its caller may not send, and
        /// everything that happened to sessions, subjects and factors.
        case changes
        /// Reads, too.
        case all
    }

    /// The format of a log line.
    package enum LogFormat: String, CaseIterable, Hashable, Sendable {
        /// Time, level, message, `key=value`: for people.
        case text
        /// One JSON object per line: for collectors.
        case json
    }

    // `ConfigurationVariable.declaration` defines what each of these does, its bounds, and how it is parsed and
    // shown.

    /// May contain passwords.
    package var amqpURLs: [String] = ["amqp://guest:guest@127.0.0.1:5672/"]

    /// May contain a password.
    package var redisURL: String = "redis://127.0.0.1:6379/0"

    /// Of each master.
    package var redisReplicas: Int = 0

    /// A path. Required unless `keyringCommand` or `dev` is set.
    package var keyringFile: String?

    /// A program and its arguments, which may be secret.
    package var keyringCommand: [String]?

    /// A path. Without it, only the built-in policy `default` exists.
    package var policyFile: String?

    /// A path. Without it, any caller may do anything.
    package var callersFile: String?

    package var namespace: String = "sojourn"

    /// In messages, per consumer.
    package var prefetch: Int = 500

    /// The default is the number of cores available to this process, including a container's CPU limit.
    package var lanes: Int = defaultLanes

    package var topology: Topology = .declare

    package var issuer: String = "sojourn"

    package var audience: String = "sojourn"

    package var inboxSeconds: Int = 3600

    /// The default leaves a reserve within the 30 seconds that Kubernetes allows.
    package var drainSeconds: Int = 25

    package var maxBodyBytes: Int = 65536

    package var requireTLS: Bool = false

    package var amqpTLS = TLSFiles()

    package var redisTLS = TLSFiles()

    package var allowEviction: Bool = false

    package var audit: Audit = .off

    /// A path. Required unless `audit` is off.
    package var auditFile: String?

    package var adminAddress: SocketEndpoint = SocketEndpoint(host: "127.0.0.1", port: 9490)

    package var logLevel: Logger.Level = .info

    package var logFormat: LogFormat = .text

    /// A base URL. Without it, nothing is exported.
    package var otlpURL: String?

    /// A path. Its content is secret.
    package var otlpHeadersFile: String?

    package var otlpTLS = TLSFiles()

    /// 0 to 1.
    package var traceRatio: Double = 0

    package var tracesPerSecond: Int = 100

    /// A temporary keyring in memory instead of a file: sessions do not survive the process. Only available on the
    /// command line, so that no forgotten variable runs production without keys. Default: false.
    package var dev: Bool = false

    /// How the settings were given: `SOJOURN_POLICY_FILE`, `--policy-file`, `policyFile in FILE`.
    var givenNames: [ConfigurationVariable: String] = [:]

    /// A setting's name in messages: as the operator gave it, otherwise its environment variable.
    package func name(of variable: ConfigurationVariable) -> String {
        givenNames[variable] ?? variable.environmentName
    }

    /// Every default of contract §9.
    package init() {}

    /// At most the bound of `lanes`, whatever the machine.
    private static var defaultLanes: Int { min(max(System.coreCount, 1), Bounds.lanes.upperBound) }
}

extension WorkerConfiguration {
    /// The bounds of each number. Each has an upper bound, so that an extra digit is an error at startup, not a
    /// shortage of memory later.
    enum Bounds {
        /// AMQP carries it in 16 bits, and 0 would mean "no limit" to the broker.
        static let prefetch = 1...65535
        /// Each lane has up to five connections; beyond this the broker, not the machine, is the limit.
        static let lanes = 1...256
        /// A master with more replicas than this copies more than it serves.
        static let redisReplicas = 0...16
        /// A week: Redis stores every remembered result that long.
        static let inboxSeconds = 1...604_800
        /// Orchestrators kill a process long before an hour.
        static let drainSeconds = 1...3600
        /// Below 1 KiB no command with its tokens fits. A lane may hold `prefetch` bodies at once, so 1 MiB is a lot.
        static let maxBodyBytes = 1024...1_048_576
        /// More would cost a lane more than its commands do.
        static let tracesPerSecond = 1...10_000
        /// Brokers of one cluster. Each may cost a connect timeout before the next is tried.
        static let amqpURLs = 1...16
        /// In bytes. Linux accepts no longer path.
        static let pathBytes = 4095
        /// In bytes. Both are in every access token.
        static let tokenNameBytes = 256
        /// In bytes. No server's URL needs more.
        static let urlBytes = 4096
        /// In bytes.
        static let commandBytes = 4096
    }
}
