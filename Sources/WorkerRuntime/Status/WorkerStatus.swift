import SessionCore

/// What a worker knows about itself and its installation: `/status.json`, the status page and `sojourn status`. Values that
/// are not known are left out.
package struct WorkerStatus: Codable, Hashable, Sendable {
    package struct Health: Codable, Hashable, Sendable {
        /// `ready`, `not ready` or `draining`.
        package var status: String
        package var isAlive: Bool
        /// Parts of the worker that do not respond.
        package var stuck: [String]
        /// What the worker waits for, with the reasons.
        package var reasons: [String: String]
    }

    /// What happened in the last minute.
    package struct Rates: Codable, Hashable, Sendable {
        package var seconds: Double
        package var commandsPerSecond: Double
        package var refusedPerSecond: Double
        package var medianSeconds: Double?
        package var p95Seconds: Double?
        package var p99Seconds: Double?
    }

    /// Answers to a command since the worker started.
    package struct Command: Codable, Hashable, Sendable {
        package var command: String
        package var succeeded: Int
        package var rejected: Int
        package var failed: Int
    }

    package struct Lane: Codable, Hashable, Sendable {
        package var lane: String
        package var isConnectedToRabbitMQ: Bool
        package var isConnectedToRedis: Bool
        package var unacknowledged: Int
        package var unconfirmed: Int
        package var inFlightBytes: Int
        package var isPaused: Bool
    }

    package struct Queue: Codable, Hashable, Sendable {
        package var queue: String
        package var isQuarantine: Bool
        /// Of the whole installation.
        package var ready: Int?
        package var consumers: Int?
        /// Of this worker.
        package var unacknowledged: Int
    }

    package struct Outbox: Codable, Hashable, Sendable {
        package var events: Int?
        package var oldestEventSeconds: Double?
    }

    package struct Keys: Codable, Hashable, Sendable {
        package var count: Int
        package var current: String?
    }

    package struct Problem: Codable, Hashable, Sendable {
        package var at: String
        package var level: String
        package var message: String
        package var details: [String: String]
        package var count: Int
    }

    package var at: String
    package var version: String
    package var namespace: String
    package var uptimeSeconds: Double
    package var residentBytes: Int?
    package var health: Health
    package var lastMinute: Rates?
    package var commands: [Command]
    package var lanes: [Lane]
    package var queues: [Queue]
    package var outbox: Outbox
    package var expiryLagSeconds: Double?
    package var blockedConnections: Int
    package var keys: Keys
    /// Watched files and commands that cannot be used; what was valid last stays in force.
    package var invalidSources: [String]
    /// The latest warnings and errors of the log, newest first.
    package var problems: [Problem]
}
