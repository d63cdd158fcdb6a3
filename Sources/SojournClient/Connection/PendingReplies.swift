import AMQPNIO
import Synchronization

/// Commands published on one channel, and waiting for their replies.
final class PendingReplies: Sendable {
    private typealias Waiter = CheckedContinuation<Result<AMQPDelivery, any Error>, Never>

    private struct State {
        var waiting: [String: Waiter] = [:]
        var hasEnded = false
    }

    private let state = Mutex(State())

    /// Calls `send`, and waits for the reply with this correlation id, for ``fail(_:with:)``, or for the end of the channel.
    ///
    /// - Throws: what it failed with; `CancellationError` if the task is cancelled, and then `send` has not been called if it
    ///   was before.
    func reply(to id: String, send: @Sendable () -> Void) async throws -> AMQPDelivery {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                let hasEnded = state.withLock { state in
                    if !state.hasEnded { state.waiting[id] = waiter }
                    return state.hasEnded
                }
                if hasEnded { return waiter.resume(returning: .failure(SojournError.notSent)) }
                // The handler may have run before there was anything to cancel.
                if Task.isCancelled { fail(id, with: CancellationError()) } else { send() }
            }
        } onCancel: {
            fail(id, with: CancellationError())
        }
        return try result.get()
    }

    /// Ends the wait for a reply, if it still waits.
    func fail(_ id: String, with error: any Error) {
        take(id)?.resume(returning: .failure(error))
    }

    func deliver(_ deliveries: [AMQPDelivery]) {
        for delivery in deliveries {
            guard let id = delivery.properties.correlationID else { continue }
            take(id)?.resume(returning: .success(delivery))
        }
    }

    /// Fails all waiting commands, and all later ones with `notConnected`.
    func end(_ error: SojournError) {
        let waiting = state.withLock { state in
            state.hasEnded = true
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for waiter in waiting { waiter.resume(returning: .failure(error)) }
    }

    private func take(_ id: String) -> Waiter? {
        state.withLock { $0.waiting.removeValue(forKey: id) }
    }
}
