import LogMetadata
import Logging
import NIOPosix
import SessionEngine
import Synchronization

/// The content of a file or a command's output, re-read periodically. A new value takes effect when it is read; an
/// invalid one is reported once, while the last valid value stays in force.
final class Watched<Value: Sendable>: Sendable {
    /// Where a value comes from.
    struct Source: Sendable {
        /// Its name in messages: `the policy file`.
        let title: String
        /// Its path or program, for the log.
        let place: String
        /// Reads its bytes.
        let read: @Sendable () async throws(ConfigurationError) -> [UInt8]
        /// Parses the bytes. It gets the value in force, if any, because not every valid value may follow it.
        let parse: @Sendable ([UInt8], Value?) throws(ConfigurationError) -> Value
    }

    private struct State {
        var content: [UInt8]
        var value: Value
        var reported: ConfigurationError?
    }

    private let source: Source
    private let metrics: WatchedMetrics
    private let logger: Logger
    private let state: Mutex<State>
    /// The last read that was started. The next one waits for it, so that older content never replaces newer content.
    private let lastLook = Mutex<Task<Void, Never>?>(nil)

    /// Reads the first value.
    ///
    /// - Throws: `ConfigurationError` if it cannot be used.
    init(_ source: Source, logger: Logger) async throws(ConfigurationError) {
        self.source = source
        metrics = WatchedMetrics(of: source.title)
        self.logger = logger
        let content = try await source.read()
        state = Mutex(State(content: content, value: try source.parse(content, nil), reported: nil))
    }

    /// The last valid value.
    var value: Value {
        state.withLock { $0.value }
    }

    /// Re-reads every `interval` until the task is cancelled.
    func watch(every interval: Duration) async {
        while (try? await Task.sleep(for: interval)) != nil { await look() }
    }

    /// Re-reads once, after any reads in progress.
    func look() async {
        let look = lastLook.withLock { last in
            let look = Task { [last] in
                await last?.value
                await self.read()
            }
            last = look
            return look
        }
        await look.value
    }

    private func read() async {
        do throws(ConfigurationError) {
            let content = try await source.read()
            let (known, current) = state.withLock { ($0.content, $0.value) }
            if content == known { return recovered() }
            let value = try source.parse(content, current)
            state.withLock { $0 = State(content: content, value: value, reported: nil) }
            metrics.recordApplied()
            logger.info("\(source.title) has changed and is in force", metadata: [LogKey.file: "\(source.place)"])
        } catch {
            report(error)
        }
    }

    private func recovered() {
        let wasBad = state.withLock { state in
            defer { state.reported = nil }
            return state.reported != nil
        }
        guard wasBad else { return }
        metrics.recordValid()
        logger.info("\(source.title) is valid again", metadata: [LogKey.file: "\(source.place)"])
    }

    private func report(_ error: ConfigurationError) {
        let isNew = state.withLock { state in
            defer { state.reported = error }
            return state.reported != error
        }
        guard isNew else { return }
        metrics.recordRefused()
        logger.error(
            "\(source.title) cannot be used: the last valid one stays in force",
            metadata: [LogKey.file: "\(source.place)", LogKey.reason: "\(error.problem): \(error.remedy)"])
    }
}

extension Watched.Source {
    /// Reads on a thread that may block on a disk, so that no other thread does.
    static func blocking(
        _ read: @escaping @Sendable () throws(ConfigurationError) -> [UInt8]
    ) -> @Sendable () async throws(ConfigurationError) -> [UInt8] {
        { () async throws(ConfigurationError) in
            let result = await withCheckedContinuation { continuation in
                NIOThreadPool.singleton.submit { _ in
                    continuation.resume(returning: Result { () throws(ConfigurationError) in try read() })
                }
            }
            return try result.get()
        }
    }
}
