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
        /// Its bytes.
        let read: @Sendable () async throws(ConfigurationError) -> [UInt8]
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
    /// The last look that was begun. The next one waits for it: what was read earlier must not come into force later.
    private let lastLook = Mutex<Task<Void, Never>?>(nil)

    /// Reads it for the first time.
    ///
    /// - Throws: `ConfigurationError` if it cannot be used.
    init(_ source: Source, logger: Logger) async throws(ConfigurationError) {
        self.source = source
        self.logger = logger
        let content = try await source.read()
        state = Mutex(State(content: content, value: try source.parse(content, nil), reported: nil))
    }

    /// The last good one.
    var value: Value {
        state.withLock { $0.value }
    }

    /// Looks every `interval` until the task is cancelled.
    func watch(every interval: Duration) async {
        while (try? await Task.sleep(for: interval)) != nil { await look() }
    }

    /// Looks once, behind the looks that are under way.
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

extension Watched.Source {
    /// Reads on a thread that may wait for a disk, so that no other does.
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
