import Logging
import Synchronization

@testable import SessionWorker

/// Keeps what is logged: level, message, and the reason in brackets where there is one.
final class LogRecorder: Sendable {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }

    var logger: Logger {
        Logger(label: "test") { _ in Handler(recorder: self) }
    }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        init(recorder: LogRecorder) {
            self.recorder = recorder
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let reason = event.metadata?[LogKey.reason].map { " (\($0))" } ?? ""
            recorder.kept.withLock { $0.append("\(event.level) \(event.message)\(reason)") }
        }
    }
}
