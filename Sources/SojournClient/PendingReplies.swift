import AMQPConnection
import Synchronization

/// Commands waiting for their replies.
final class PendingReplies: Sendable {
    private typealias Answer = CheckedContinuation<Result<[UInt8], SojournClientError>, Never>

    private struct State {
        var waiting: [String: Answer] = [:]
        var failure: SojournClientError?
    }

    private let state = Mutex(State())

    /// Calls `send`, and waits for the reply with this correlation id.
    func reply(
        to id: String, within timeout: Duration, send: @escaping @Sendable () async throws(SojournClientError) -> Void
    ) async throws(SojournClientError) -> [UInt8] {
        let deadline = Task {
            try await Task.sleep(for: timeout)
            finish(id, .failure(.timeout(after: timeout)))
        }
        defer { deadline.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (answer: Answer) in
                begin(id, answer)
                Task {
                    do throws(SojournClientError) {
                        try await send()
                    } catch {
                        finish(id, .failure(error))
                    }
                }
            }
        } onCancel: {
            finish(id, .failure(.closed))
        }
        return try result.get()
    }

    func deliver(_ deliveries: [AMQPDelivery]) {
        for delivery in deliveries {
            guard let id = delivery.properties.correlationID else { continue }
            finish(id, .success(delivery.body))
        }
    }

    /// Fails all waiting commands, and all later ones.
    func fail(_ error: SojournClientError) {
        let waiting = state.withLock { state in
            state.failure = error
            defer { state.waiting = [:] }
            return state.waiting.values.map(\.self)
        }
        for answer in waiting { answer.resume(returning: .failure(error)) }
    }

    private func begin(_ id: String, _ answer: Answer) {
        let failure = state.withLock { state in
            if state.failure == nil { state.waiting[id] = answer }
            return state.failure
        }
        if let failure { answer.resume(returning: .failure(failure)) }
    }

    private func finish(_ id: String, _ result: Result<[UInt8], SojournClientError>) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: result)
    }
}
