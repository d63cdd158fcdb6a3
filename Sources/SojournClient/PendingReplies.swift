import AMQPNIO
import Synchronization

/// Commands sent over one channel and waiting for their replies.
final class PendingReplies: Sendable {
    private typealias Answer = Result<AMQPDelivery, SessionClientError>

    private struct State {
        var waiting: [String: AsyncStream<Answer>.Continuation] = [:]
        var failure: SessionClientError?
    }

    private let state = Mutex(State())

    /// Calls `send`, and waits for the reply with this correlation id. Sends nothing once the time is up.
    ///
    /// - Parameters:
    ///   - limit: how long to wait from now.
    ///   - timeout: the caller's whole timeout, for the error message.
    func reply(
        to id: String, within limit: Duration, timeout: Duration,
        send: @escaping @Sendable () async throws(SessionClientError) -> Void
    ) async throws(SessionClientError) -> AMQPDelivery {
        // Before anything is sent: the reply may be faster than the task that waits for it.
        let answers = begin(id)
        defer { finish(id, .failure(.closed)) }
        let result = await withTaskGroup(of: Answer?.self) { group in
            group.addTask {
                for await answer in answers { return answer }
                return .failure(.closed)
            }
            group.addTask {
                do throws(SessionClientError) {
                    try await send()
                    return nil
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                guard (try? await Task.sleep(for: limit)) != nil else { return .failure(.closed) }
                return .failure(.timeout(after: timeout))
            }
            defer { group.cancelAll() }
            for await result in group { if let result { return result } }
            return .failure(.closed)
        }
        return try result.get()
    }

    func deliver(_ deliveries: [AMQPDelivery]) {
        for delivery in deliveries {
            guard let id = delivery.properties.correlationID else { continue }
            finish(id, .success(delivery))
        }
    }

    /// Fails all waiting commands, and all later ones.
    func fail(_ error: SessionClientError) {
        let waiting = state.withLock { state in
            state.failure = error
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for answer in waiting { Self.give(.failure(error), to: answer) }
    }

    private func begin(_ id: String) -> AsyncStream<Answer> {
        let (answers, answer) = AsyncStream.makeStream(of: Answer.self, bufferingPolicy: .bufferingOldest(1))
        let failure = state.withLock { state in
            if state.failure == nil { state.waiting[id] = answer }
            return state.failure
        }
        if let failure { Self.give(.failure(failure), to: answer) }
        return answers
    }

    private func finish(_ id: String, _ result: Answer) {
        guard let answer = state.withLock({ $0.waiting.removeValue(forKey: id) }) else { return }
        Self.give(result, to: answer)
    }

    private static func give(_ result: Answer, to answer: AsyncStream<Answer>.Continuation) {
        answer.yield(result)
        answer.finish()
    }
}
