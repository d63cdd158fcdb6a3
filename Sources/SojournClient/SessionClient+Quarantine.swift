package import AMQPNIO
import NIOCore
import SessionContract
import Synchronization

extension SessionClient {
    /// How long to wait for the next message while the queue has more.
    private static let patience: Duration = .seconds(10)

    /// What a look at the quarantine returned.
    package struct QuarantineLook<Value: Sendable>: Sendable {
        /// The results of `look`, for the oldest message first.
        package var found: [Value]
        /// The number of messages in the queue.
        package let total: Int
    }

    /// Reads the oldest messages in quarantine. They stay in the queue, but are invisible to others meanwhile: this
    /// consumes them without acknowledging, so that all of them are requeued.
    ///
    /// - Parameters:
    ///   - limit: how many to read; 0 for all. Only the results of `look` are kept in memory.
    ///   - enough: stops after so many results.
    /// - Throws: `notConnected`, `noSuchNamespace`, `timeout`.
    package func lookAtQuarantine<Value: Sendable>(
        limit: Int, enough: Int = .max, _ look: @escaping @Sendable (AMQPDelivery) -> Value?
    ) async throws(SessionClientError) -> QuarantineLook<Value> {
        do throws(AMQPError) {
            let channel = try await amqp.link(isPatient: false).connection.openChannel()
            let total = Int(try await channel.queueDeclare(names.quarantine, passive: true).messageCount)
            let wanted = limit == 0 ? total : min(limit, total)
            guard wanted > 0 else { return QuarantineLook(found: [], total: total) }
            let progress = Looking<Value>(wanted: wanted, enough: enough)
            try await channel.qos(prefetch: UInt16(clamping: limit))
            channel.closeFuture.whenComplete { _ in progress.end() }
            try await channel.consume(
                queue: names.quarantine,
                onBatch: { deliveries in
                    for delivery in deliveries { progress.saw(look(delivery)) }
                },
                onCancelled: { progress.end() })
            let isComplete = await progress.wait(atMost: Self.patience)
            let error = channel.isOpen ? nil : await channel.closed()
            await channel.close()
            if let error { throw error }
            guard isComplete else {
                throw AMQPError(.timeout, "RabbitMQ did not deliver all of \(names.quarantine) in time")
            }
            return QuarantineLook(found: progress.found, total: total)
        } catch {
            throw SessionClientError(error)
        }
    }
}

/// Progress of a look. Another consumer may hold some of the messages, so the last may never arrive.
private final class Looking<Value: Sendable>: Sendable {
    private struct State {
        var found: [Value] = []
        var seen = 0
        var isOver = false
        var waiter: CheckedContinuation<Void, Never>?

        mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
            defer { waiter = nil }
            return waiter
        }
    }

    private let wanted: Int
    private let enough: Int
    private let state = Mutex(State())

    init(wanted: Int, enough: Int) {
        self.wanted = wanted
        self.enough = enough
    }

    var found: [Value] { state.withLock { $0.found } }

    func saw(_ value: Value?) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.seen < wanted, state.found.count < enough else { return nil }
            state.seen += 1
            if let value { state.found.append(value) }
            guard state.seen == wanted || state.found.count >= enough else { return nil }
            state.isOver = true
            return state.takeWaiter()
        }
        waiter?.resume()
    }

    func end() {
        state.withLock { state in
            state.isOver = true
            return state.takeWaiter()
        }?.resume()
    }

    /// Waits until all wanted messages, or enough results, have arrived, and returns whether they have. Gives up once
    /// no message has arrived for `patience`.
    func wait(atMost patience: Duration) async -> Bool {
        let watch = Task {
            var seen = -1
            while true {
                let now = state.withLock { $0.seen }
                if now == seen { return end() }
                seen = now
                try await Task.sleep(for: patience)
            }
        }
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiter = continuation }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
        watch.cancel()
        return state.withLock { $0.seen == wanted || $0.found.count >= enough }
    }
}
