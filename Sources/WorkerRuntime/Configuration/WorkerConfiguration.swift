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

    // What each of these does, what it may be and how it is read and shown: `ConfigurationVariable.declaration`.

    /// May hold passwords.
    package var amqpURLs: [String] = ["amqp://guest:guest@127.0.0.1:5672/"]

    /// May hold a password.
    package var redisURL: String = "redis://127.0.0.1:6379/0"

    /// A path. Without one there is a `keyringCommand`, or `dev`.
    package var keyringFile: String?

    /// A program and its arguments, which may be secret.
    package var keyringCommand: [String]?

    /// A path. Without one there is the built-in policy `default` alone.
    package var policyFile: String?

    /// A path. Without one any caller may do anything.
    package var callersFile: String?

    package var namespace: String = "sojourn"

    /// In messages, for each consumer.
    package var prefetch: Int = 500

    /// By default the cores that this process may use: a container's CPU limit counts.
    package var lanes: Int = defaultLanes

    package var topology: Topology = .declare

    package var issuer: String = "sojourn"

    package var audience: String = "sojourn"

    package var inboxSeconds: Int = 3600

    /// By default it leaves a reserve within the 30 seconds that Kubernetes gives.
    package var drainSeconds: Int = 25

    package var maxBodyBytes: Int = 65536

    package var requireTLS: Bool = false

    package var allowEviction: Bool = false

    package var adminAddress: SocketEndpoint = SocketEndpoint(host: "127.0.0.1", port: 9490)

    package var logLevel: Logger.Level = .info

    package var logFormat: LogFormat = .text

    /// A throw-away keyring in memory instead of a file: sessions do not survive the process. Only from the command
    /// line, so that no forgotten variable runs production without keys. Default: false.
    package var dev: Bool = false

    /// What the settings were given as: `SOJOURN_POLICY_FILE`, `--policy-file`, `policyFile in FILE`.
    var givenNames: [ConfigurationVariable: String] = [:]

    /// What messages about a setting call it: as the operator gave it, else by its environment variable.
    package func name(of variable: ConfigurationVariable) -> String {
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
        /// In bytes. No URL of a server needs so many.
        static let urlBytes = 4096
        /// In bytes.
        static let commandBytes = 4096
    }
}
