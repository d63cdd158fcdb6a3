import Glibc
import LogMetadata
package import Logging
import SessionCore
import SessionEngine
import Synchronization

/// The log of a Sojourn process, behind swift-log: one line per event, to standard error.
package struct WorkerLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let encoder: LogLineEncoder
    private let writer: LineWriter
    private let now: @Sendable () -> Timestamp

    init(
        label: String, level: Logger.Level, format: WorkerConfiguration.LogFormat, writer: LineWriter,
        now: @escaping @Sendable () -> Timestamp = { .wallClock }
    ) {
        self.label = label
        self.logLevel = level
        self.encoder = LogLineEncoder(format: format)
        self.writer = writer
        self.now = now
    }

    /// Installs this as the log of the process. Call it once, before creating the first logger: swift-log traps on a
    /// second call.
    package static func bootstrap(level: Logger.Level, format: WorkerConfiguration.LogFormat) {
        // A closed pipe must be a write error, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let writer = LineWriter(descriptor: STDERR_FILENO, notice: { notice(of: $0, in: format) })
        processWriter.withLock { $0 = writer }
        LoggingSystem.bootstrap { label in
            WorkerLogHandler(label: label, level: level, format: format, writer: writer)
        }
    }

    /// Waits briefly until everything logged is written; call it before the process ends.
    package static func flush() {
        processWriter.withLock { $0 }?.flush(within: .milliseconds(250))
    }

    /// The latest warnings and errors of the process.
    package static let problems = RecentProblems()

    private static let processWriter = Mutex<LineWriter?>(nil)

    /// The line that reports dropped lines.
    static func notice(of lost: Int, in format: WorkerConfiguration.LogFormat) -> [UInt8] {
        LogLineEncoder(format: format).line(
            at: .wallClock, level: .warning, logger: "sojourn",
            message: "log lines dropped: the reader was too slow, or writing failed",
            metadata: [LogKey.count: .stringConvertible(lost)])
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error, all[LogKey.error] == nil { all[LogKey.error] = .string("\(error)") }
        let now = now()
        Self.problems.record(event.level, event.message.description, all, at: now)
        let line = encoder.line(
            at: now, level: event.level, logger: label, message: event.message.description, metadata: all)
        writer.write(line)
    }
}
