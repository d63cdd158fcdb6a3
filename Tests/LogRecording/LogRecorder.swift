import LogMetadata
package import Logging
import TestSupport

/// Records log lines: level, message, and the reason in brackets if there is one.
package final class LogRecorder: Sendable {
    private let kept = Awaited<[String]>([])

    package init() {}

    package var lines: [String] { kept.value }

    /// Waits for a line that contains these words.
    package func wait(for words: String) async {
        await kept.wait { lines in lines.contains { $0.contains(words) } }
    }

    package var logger: Logger {
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
            recorder.kept.change { $0.append("\(event.level) \(event.message)\(reason)") }
        }
    }
}
