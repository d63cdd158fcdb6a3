import LogMetadata
import Logging
import Synchronization

/// The issuer's keys, kept current.
actor IssuerKeys {
    struct Snapshot: Sendable {
        var keys = KeySet()
        /// Another one when a key is gone, or another key has its id.
        var version: UInt64 = 0
        /// When it was last known that these are the issuer's keys.
        var readAt: ContinuousClock.Instant?
    }

    /// The shortest time between two readings for the sake of unknown keys, which anyone can make up.
    private static let unknownKeyInterval: Duration = .seconds(5)

    private let reader: any KeyReader
    private let time: @Sendable () -> Moment
    private let logger: Logger
    private let current = Mutex(Snapshot())
    private var reading: Task<Void, Never>?
    private var lastUnknownKey: ContinuousClock.Instant?
    private var problem: KeySet.Problem?

    init(_ reader: any KeyReader, time: @escaping @Sendable () -> Moment, logger: Logger) {
        self.reader = reader
        self.time = time
        self.logger = logger
    }

    /// What is known now. It does not wait for a reading.
    nonisolated var snapshot: Snapshot { current.withLock(\.self) }

    /// Reads the keys again and again, until the task is cancelled.
    func keepCurrent() async {
        while true {
            await read()
            guard (try? await Task.sleep(for: reader.interval)) != nil else { return }
        }
    }

    /// Reads the keys, or waits for the reading that is under way.
    func read() async {
        if let reading { return await reading.value }
        let task = Task { await readOnce() }
        reading = task
        await task.value
        reading = nil
    }

    /// Looks for a key that a token names.
    ///
    /// - Returns: whether it looked: not if it has just done so.
    func lookForUnknownKey() async -> Bool {
        let now = time().instant
        if let lastUnknownKey, now - lastUnknownKey < Self.unknownKeyInterval { return false }
        lastUnknownKey = now
        await read()
        return true
    }

    private func readOnce() async {
        // What is read may be as old as this.
        let begin = time().instant
        do throws(KeySet.Problem) {
            let keys = try await reader.read()
            current.withLock { snapshot in
                snapshot.readAt = begin
                guard let keys else { return }
                if !keys.contains(snapshot.keys) { snapshot.version += 1 }
                snapshot.keys = keys
            }
            if problem != nil { logger.info("the issuer's keys are current again") }
            problem = nil
        } catch {
            if problem != error {
                logger.warning(
                    "the issuer's keys cannot be used: the last ones stay in force for a while",
                    metadata: [LogKey.reason: "the document \(error.message)"])
            }
            problem = error
        }
    }
}
