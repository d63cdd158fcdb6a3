import AMQPNIO
import DequeModule
import NIOCore
import SessionContract
import SojournClient
import Synchronization

/// Reads the messages in quarantine, oldest first, and removes some of them.
///
/// What is not removed stays: the broker requeues it when the reader is closed, however it ends. Meanwhile it is
/// invisible to others, so two readers never have the same message.
final class QuarantineReader: Sendable {
    /// Messages held for each consumer, on their way or waiting here.
    private static let prefetch = 64
    /// How long to wait for the next message while the queue has more.
    private static let patience: Duration = .seconds(10)

    private struct State {
        /// The consumer that reads now; the earlier ones only hold what was not removed.
        var consumer: String?
        /// What that consumer holds and was not removed, whether read or not.
        var held = 0
        var arrived = Deque<AMQPDelivery>()
        var read = 0
        var waiter: CheckedContinuation<Void, Never>?
        var failure: SojournError?

        mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
            defer { waiter = nil }
            return waiter
        }
    }

    /// The number of messages in the queue when the reader was opened. It reads no more than that: what arrives later
    /// may be what was just removed.
    let total: Int
    private let channel: AMQPChannel
    private let queue: String
    private let state = Mutex(State())

    init(over connection: AMQPConnection, queue: String) async throws(AMQPError) {
        self.queue = queue
        channel = try await connection.openChannel()
        total = Int(try await channel.queueDeclare(queue, passive: true).messageCount)
        try await channel.qos(prefetch: UInt16(Self.prefetch))
        channel.closeFuture.whenComplete { [weak self] result in
            self?.fail((try? result.get()).flatMap { $0 }.map { SojournError($0) } ?? .connectionWasClosed)
        }
    }

    /// The next message; `nil` once all have been read.
    ///
    /// - Throws: `notConnected`, `timeout`, `notPermitted`.
    func next() async throws(SojournError) -> AMQPDelivery? {
        while true {
            let (delivery, failure, isExhausted) = state.withLock { state in
                guard state.read < total else { return (AMQPDelivery?.none, SojournError?.none, true) }
                // What has arrived over a lost connection is in the queue again.
                if let failure = state.failure { return (nil, failure, false) }
                if let next = state.arrived.popFirst() {
                    state.read += 1
                    return (next, nil, false)
                }
                return (nil, nil, false)
            }
            if isExhausted { return nil }
            if let delivery { return delivery }
            if let failure { throw failure }
            try await consume()
            try await wait()
        }
    }

    /// Removes a message for good. Done once ``close()`` has returned.
    func remove(_ delivery: AMQPDelivery) {
        state.withLock { state in if delivery.consumerTag == state.consumer { state.held -= 1 } }
        channel.acknowledge(delivery.deliveryTag)
    }

    /// Ends the reader. What was not removed returns to the queue.
    ///
    /// - Throws: `notConnected` if the connection was lost: then some of what was removed may still be in the queue.
    func close() async throws(SojournError) {
        await flush()
        await channel.close()
        if let error = await channel.closed() { throw SojournError(error) }
    }

    /// Makes RabbitMQ carry out every acknowledgement. Under load its channel keeps some of them back until the quorum queue
    /// has taken earlier ones, and forgets them if it is closed before (tried with 3.10: 5 of 12 times, up to 24 of 300). A
    /// cancellation is in the queue's log behind the earlier ones; the second question comes behind those kept back.
    private func flush() async {
        guard let consumer = state.withLock(\.consumer) else { return }
        try? await channel.cancel(consumerTag: consumer)
        _ = try? await channel.queueDeclare(queue, passive: true)
    }

    /// Starts a consumer if there is none, or if the present one is full of messages that are not to be removed.
    private func consume() async throws(SojournError) {
        let last: (needed: Bool, consumer: String?) = state.withLock { state in
            guard state.consumer == nil || state.held >= Self.prefetch else { return (false, nil) }
            state.held = 0
            return (true, state.consumer)
        }
        guard last.needed else { return }
        do {
            if let consumer = last.consumer { try await channel.cancel(consumerTag: consumer) }
            let tag = "reader-\(UInt64.random(in: 0 ... .max))"
            state.withLock { $0.consumer = tag }
            try await channel.consume(
                queue: queue, consumerTag: tag, onBatch: { [weak self] in self?.take($0) },
                onCancelled: { [weak self] in self?.fail(.connectionWasClosed) })
        } catch {
            throw SojournError(error)
        }
    }

    private func take(_ deliveries: [AMQPDelivery]) {
        state.withLock { state in
            state.arrived += deliveries
            state.held += deliveries.count
            return state.takeWaiter()
        }?.resume()
    }

    private func fail(_ error: SojournError) {
        state.withLock { state in
            state.failure = state.failure ?? error
            return state.takeWaiter()
        }?.resume()
    }

    /// Waits until something arrives or fails.
    private func wait() async throws(SojournError) {
        let watch = Task { [queue] in
            try await Task.sleep(for: Self.patience)
            fail(
                SojournError(
                    .timeout,
                    "RabbitMQ did not deliver all of \(queue) in time: does another reader hold the rest?"))
        }
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                let isOver = !state.arrived.isEmpty || state.failure != nil
                if !isOver { state.waiter = continuation }
                return isOver
            }
            if isOver { continuation.resume() }
        }
        watch.cancel()
    }
}

extension SessionClient {
    /// Opens a reader of this namespace's quarantine.
    ///
    /// - Throws: `notConnected`, `noSuchNamespace`, `notPermitted`.
    func readQuarantine() async throws(SojournError) -> QuarantineReader {
        do throws(AMQPError) {
            return try await QuarantineReader(
                over: try await connection(), queue: Topology.Names(namespace: namespace).quarantine)
        } catch {
            throw SojournError(error)
        }
    }
}

extension SojournError {
    fileprivate static let connectionWasClosed = SojournError(.notConnected, "the connection was closed")
}
