import Logging
import NIOPosix
import Synchronization

/// What a file or a command says, looked at again and again: something new is in force at the next look, and what turns
/// bad is reported, once, while the last good value stays.
final class Watched<Value: Sendable>: Sendable {
    /// Where a value comes from.
    struct Source: Sendable {
        /// What messages call it: `the policy file`.
        let title: String
        /// Its path or program, for the log.
        let place: String
        /// Its bytes; may block.
        let read: @Sendable () throws(ConfigurationError) -> [UInt8]
        /// What they mean. Is given the value in force, if there is one, since not every good value may follow it.
        let parse: @Sendable ([UInt8], Value?) throws(ConfigurationError) -> Value
    }

    private struct State {
        var content: [UInt8]
        var value: Value
        var reported: ConfigurationError?
    }

    private let source: Source
    private let logger: Logger
    private let state: Mutex<State>
    /// Held during a look: what was read earlier must not come into force later.
    private let looking = Mutex(())

    /// Reads it for the first time.
    ///
    /// - Throws: `ConfigurationError` if it cannot be used.
    init(_ source: Source, logger: Logger) throws(ConfigurationError) {
        self.source = source
        self.logger = logger
        let content = try source.read()
        state = Mutex(State(content: content, value: try source.parse(content, nil), reported: nil))
    }

    /// The last good one.
    var value: Value {
        state.withLock { $0.value }
    }

    /// Looks every `interval` until the task is cancelled.
    func watch(every interval: Duration) async {
        while (try? await Task.sleep(for: interval)) != nil { await lookNow() }
    }

    /// Looks once, on a thread that may wait for a disk or a program.
    func lookNow() async {
        try? await NIOThreadPool.singleton.runIfActive { self.look() }
    }

    /// Looks once; blocks.
    func look() {
        looking.withLock { _ in
            do throws(ConfigurationError) {
                let content = try source.read()
                let (known, current) = state.withLock { ($0.content, $0.value) }
                if content == known { return recovered() }
                let value = try source.parse(content, current)
                state.withLock { $0 = State(content: content, value: value, reported: nil) }
                logger.info("\(source.title) has changed and is in force", metadata: [LogKey.file: "\(source.place)"])
            } catch {
                report(error)
            }
        }
    }

    private func recovered() {
        let wasBad = state.withLock { state in
            defer { state.reported = nil }
            return state.reported != nil
        }
        if wasBad { logger.info("\(source.title) is good again", metadata: [LogKey.file: "\(source.place)"]) }
    }

    private func report(_ error: ConfigurationError) {
        let isNew = state.withLock { state in
            defer { state.reported = error }
            return state.reported != error
        }
        guard isNew else { return }
        logger.error(
            "\(source.title) cannot be used: the last good one stays in force",
            metadata: [LogKey.file: "\(source.place)", LogKey.reason: "\(error.problem): \(error.remedy)"])
    }
}
