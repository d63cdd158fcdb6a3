import Dispatch
import Glibc
import LogMetadata
import Logging
import Metrics
import NIOPosix
import SessionCrypto
import SessionEngine
import Synchronization

/// An audit log in a file, written by a thread of its own, so that no event loop waits for a disk. Whatever arrived
/// while the thread wrote is written, and synchronised with the disk, together.
///
/// While the file cannot be written to, nothing is dropped: the records wait, and with them their commands, so that the
/// lanes take no more of them. So what waits is bounded by what the lanes may have in flight.
final class AuditFileLog: AuditLog {
    /// How often a record says that the worker runs, and the worker's own log says where the chain is.
    private static let checkpointSeconds = 3600
    /// Between two attempts to write.
    private static let retryMilliseconds = 250
    /// In bytes of records: more than that is written in several steps.
    private static let batchBytes = 1 << 20
    /// How long closing may take.
    private static let closingSeconds = 2
    /// In readiness, and in the worker's log.
    private static let component = "audit"

    private struct Pending {
        let records: [AuditRecord]
        let onRecorded: @Sendable () -> Void
    }

    private struct State {
        var pending: [Pending] = []
        var wantsReopening = false
        var isClosing = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let closed = DispatchSemaphore(value: 0)
    private let health: HealthState
    private let metrics = AuditMetrics()
    private let name: String
    private let path: String
    private let logger: Logger

    /// Opens the file, and begins to write.
    ///
    /// - Parameters:
    ///   - name: the setting that gave the path.
    ///   - worker: identifies the life of the worker in its records.
    /// - Throws: `ConfigurationError` if the file cannot be used.
    init(
        path: String, name: String, chain: AuditChain, worker: String, health: HealthState, logger: Logger
    ) throws(ConfigurationError) {
        self.path = path
        self.name = name
        self.health = health
        self.logger = logger
        let journal: AuditJournal
        do throws(AuditFile.Problem) {
            journal = try AuditJournal(path: path, chain: chain, worker: worker)
        } catch {
            throw ConfigurationError(
                .unreadableFile, name, "names \(ConfigurationSetting.quoted(path)), which \(error.description)",
                remedy: error.remedy)
        }
        // A limit on the size of files is an error like a full disk, and must not end the process.
        signal(SIGXFSZ, SIG_IGN)
        // The thread makes it its own.
        let box = JournalBox(journal)
        DedicatedThread.start { [self] in run(box) }
    }

    func record(_ records: [AuditRecord], onRecorded: @escaping @Sendable () -> Void) {
        state.withLock { $0.pending.append(Pending(records: records, onRecorded: onRecorded)) }
        metrics.waiting(records.count)
        wake.signal()
    }

    /// Goes on in a new file if the current one has been renamed.
    func reopen() {
        state.withLock { $0.wantsReopening = true }
        wake.signal()
    }

    /// Writes what waits, and that the worker stops, and closes the file; gives up if its disk takes too long.
    func close() async {
        state.withLock { $0.isClosing = true }
        wake.signal()
        await withCheckedContinuation { continuation in
            NIOThreadPool.singleton.submit { [closed] _ in
                _ = closed.wait(timeout: .now() + .seconds(Self.closingSeconds))
                continuation.resume()
            }
        }
    }
}

/// Passes the journal to its thread.
private final class JournalBox: Sendable {
    private let journal: Mutex<AuditJournal?>

    init(_ journal: consuming AuditJournal) {
        self.journal = Mutex(journal)
    }

    func take() -> AuditJournal {
        let taken = journal.withLock { $0.take() }
        guard let taken else { preconditionFailure("a journal has one thread") }
        return taken
    }
}

// MARK: - The thread

extension AuditFileLog {
    private func run(_ box: JournalBox) {
        var journal = box.take()
        // How it found the file.
        guard write(&journal) else { return }
        var nextCheckpoint = DispatchTime.now() + .seconds(Self.checkpointSeconds)
        while true {
            let pending = takePending()
            if !pending.isEmpty {
                journal.add(pending.flatMap(\.records))
                guard write(&journal) else { return }
                metrics.wrote(pending.reduce(0) { $0 + $1.records.count })
                for each in pending { each.onRecorded() }
            } else if takeReopening() {
                guard reopen(&journal) else { return }
            } else if state.withLock({ $0.isClosing }) {
                return end(&journal)
            } else if wake.wait(timeout: nextCheckpoint) == .timedOut {
                nextCheckpoint = .now() + .seconds(Self.checkpointSeconds)
                journal.addCheckpoint()
                guard write(&journal) else { return }
                tell("the audit log goes on", journal.head)
            }
        }
    }

    /// Returns once everything is on the disk; false if the log is closed before.
    private func write(_ journal: inout AuditJournal) -> Bool {
        let begin = ContinuousClock.now
        var isFailing = false
        while true {
            do throws(AuditFile.Problem) {
                try journal.write()
                metrics.took(ContinuousClock.now - begin)
                if health.set(component: Self.component, .up), isFailing {
                    logger.notice("the audit log can be written to again: the worker goes on")
                }
                return true
            } catch {
                metrics.failed()
                let reason = "the file of \(name) \(error.description): \(error.remedy)"
                health.set(component: Self.component, .down(reason: reason))
                if !isFailing {
                    logger.error(
                        "the audit log cannot be written to: the worker takes no commands until it can",
                        metadata: [LogKey.file: "\(path)", LogKey.reason: "\(error.description)"])
                }
                isFailing = true
            }
            if state.withLock({ $0.isClosing }) {
                logger.error(
                    "the audit log was closed before everything was written: RabbitMQ redelivers the commands",
                    metadata: [LogKey.file: "\(path)"])
                closed.signal()
                return false
            }
            _ = wake.wait(timeout: .now() + .milliseconds(Self.retryMilliseconds))
        }
    }

    private func takePending() -> [Pending] {
        state.withLock { state in
            var bytes = 0
            let count = state.pending.prefix { pending in
                defer { bytes += pending.records.reduce(0) { $0 + $1.json.count } }
                return bytes < Self.batchBytes
            }.count
            defer { state.pending.removeFirst(count) }
            return Array(state.pending.prefix(count))
        }
    }

    private func takeReopening() -> Bool {
        state.withLock { state in
            defer { state.wantsReopening = false }
            return state.wantsReopening
        }
    }

    /// - Returns: false if the log is closed before.
    private func reopen(_ journal: inout AuditJournal) -> Bool {
        let last = journal.head
        do throws(AuditFile.Problem) {
            if try journal.reopen() {
                tell("the audit log continues in a new file", last)
                return write(&journal)
            }
        } catch {
            logger.error(
                "the audit log cannot continue in a new file: it goes on in the renamed one",
                metadata: [LogKey.file: "\(path)", LogKey.reason: "\(error.description)"])
        }
        return true
    }

    private func end(_ journal: inout AuditJournal) {
        journal.addEnd()
        guard write(&journal) else { return }
        tell("the audit log is closed", journal.head)
        closed.signal()
    }

    /// Elsewhere than in the file, so that `sojourn audit verify --expect` can tell whether its end is missing.
    private func tell(_ what: Logger.Message, _ head: AuditPlace) {
        logger.info(
            what,
            metadata: [LogKey.count: "\(head.sequence)", LogKey.hash: "\(head.hash.text)", LogKey.file: "\(path)"])
    }
}
