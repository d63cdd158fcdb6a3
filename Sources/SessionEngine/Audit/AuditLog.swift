import Synchronization

/// Where audit records are kept.
package protocol AuditLog: Sendable {
    /// Writes records after all earlier ones, and calls back, on any thread, once they cannot be lost any more. That may
    /// take as long as the log cannot be written to; a closed log never calls back.
    func record(_ records: [AuditRecord], onRecorded: @escaping @Sendable () -> Void)
}

extension AuditLog {
    /// Writes records, and returns once they cannot be lost any more. Without records it waits for all earlier ones.
    ///
    /// - Throws: `CancellationError`. The records may be written all the same.
    func record(_ records: [AuditRecord]) async throws(CancellationError) {
        let wait = AuditWait()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                wait.begin(continuation)
                record(records) { wait.end() }
            }
        } onCancel: {
            wait.end()
        }
        if Task.isCancelled { throw CancellationError() }
    }
}

/// Ends once: when the records are written, or when the task that waits for them is cancelled.
private final class AuditWait: Sendable {
    private enum State {
        case new
        case waiting(CheckedContinuation<Void, Never>)
        case ended
    }

    private let state = Mutex(State.new)

    func begin(_ continuation: CheckedContinuation<Void, Never>) {
        let hasEnded = state.withLock { state in
            if case .ended = state { return true }
            state = .waiting(continuation)
            return false
        }
        if hasEnded { continuation.resume() }
    }

    func end() {
        let continuation: CheckedContinuation<Void, Never>? = state.withLock { state in
            defer { state = .ended }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume()
    }
}
