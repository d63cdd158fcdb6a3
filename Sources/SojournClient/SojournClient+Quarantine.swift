package import AMQPConnection
import NIOCore
import SessionContract
import Synchronization

extension SojournClient {
    /// How long the next message of a queue that has some is waited for.
    private static let patience: Duration = .seconds(10)

    /// What of the quarantine was seen.
    package struct QuarantineLook<Value: Sendable>: Sendable {
        /// What `look` gave, the oldest message first.
        package var found: [Value]
        /// How many messages there were.
        package let total: Int
    }

    /// Looks at the oldest messages in quarantine. They stay there, and nobody else can see them meanwhile: it takes them as
    /// a consumer would, and gives all of them back.
    ///
    /// - Parameters:
    ///   - limit: how many to look at; 0 for all, of which nothing is kept but what `look` gives.
    ///   - enough: ends the look once it has found so much.
    /// - Throws: `notConnected`, `noSuchNamespace`, `timeout`.
    package func lookAtQuarantine<Value: Sendable>(
        limit: Int, enough: Int = .max, _ look: @escaping @Sendable (AMQPDelivery) -> Value?
    ) async throws(SojournClientError) -> QuarantineLook<Value> {
        do throws(AMQPError) {
            let channel = try await connection.openChannel()
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
                throw AMQPError(.timeout, "RabbitMQ did not show all of \(names.quarantine) in time")
            }
            return QuarantineLook(found: progress.found, total: total)
        } catch {
            throw SojournClientError(error)
        }
    }
}

/// How far a look has come. Somebody else may hold some of the messages, so that the last of them never comes.
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

    /// Whether all that was wanted, or enough, came; gives up once nothing has come for so long.
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
