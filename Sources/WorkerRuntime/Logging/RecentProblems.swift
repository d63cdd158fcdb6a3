import LogMetadata
package import Logging
package import SessionCore
import Synchronization

/// The latest warnings and errors of the log, for the status page: a bounded number, without what senders provided.
package final class RecentProblems: Sendable {
    /// A line of the log, or several in a row that say the same.
    package struct Problem: Hashable, Sendable {
        package var at: Timestamp
        package let level: Logger.Level
        package let message: String
        package let details: [String: String]
        package var count = 1
    }

    private static let most = 30
    /// In characters: of a message, and of each detail.
    private static let longest = 300
    /// What may be shown at an address that asks nobody who they are: nothing that a sender chose, such as an id or an
    /// address for replies.
    private static let shownKeys = [
        LogKey.lane, LogKey.queue, LogKey.exchange, LogKey.component, LogKey.partition, LogKey.address, LogKey.reason,
        LogKey.error, LogKey.command, LogKey.code, LogKey.eventType, LogKey.count, LogKey.names, LogKey.key,
        LogKey.keyId, LogKey.file,
    ]

    private let problems = Mutex<[Problem]>([])

    package init() {}

    /// Newest first.
    package var all: [Problem] { problems.withLock { $0.reversed() } }

    /// Records a line, if it is a warning or worse.
    package func record(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, at now: Timestamp) {
        guard level >= .warning else { return }
        var details: [String: String] = [:]
        for key in Self.shownKeys {
            if let value = metadata[key] { details[key] = String("\(value)".prefix(Self.longest)) }
        }
        let problem = Problem(
            at: now, level: level, message: String(message.prefix(Self.longest)), details: details)
        problems.withLock { problems in
            if let last = problems.last, last.level == level, last.message == problem.message,
                last.details == details
            {
                problems[problems.count - 1].count += 1
                problems[problems.count - 1].at = now
                return
            }
            if problems.count == Self.most { problems.removeFirst() }
            problems.append(problem)
        }
    }
}
