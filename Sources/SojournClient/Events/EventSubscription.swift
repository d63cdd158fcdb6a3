package import AMQPNIO
import ConnectionSupport
import LogMetadata
import Logging
import NIOCore
import Synchronization

/// Receives events, over one channel after the other, until it is closed.
package final class EventSubscription: Sendable {
    /// Whether events arrive.
    package enum State: Sendable {
        /// All events arrive from now on, after those that wait in the queue.
        ///
        /// - `isNewQueue`: whether the queue was made now, so that it has nothing of what happened before.
        case live(backlog: Int, isNewQueue: Bool)
        /// The channel has ended; another one follows.
        case interrupted(SojournError)
        /// The client was closed. Told on any thread.
        case ended
    }

    private let client: SessionClient
    private let channel: EventChannel
    private let onState: @Sendable (State) -> Void
    private let onDeliveries: @Sendable (AMQPChannel, [AMQPDelivery]) -> Void
    /// The task that keeps it open, from the start to ``close()``.
    private let running = Mutex<Task<Void, Never>?>(nil)
    /// The channel in use, or the last one.
    private let current = CurrentChannel()

    /// - Parameters:
    ///   - onState: called on the event loop that deliveries arrive on, before those of its channel.
    ///   - onDeliveries: called there with events, which it has to acknowledge on their channel.
    init(
        _ client: SessionClient, _ channel: EventChannel, onState: @escaping @Sendable (State) -> Void,
        onDeliveries: @escaping @Sendable (AMQPChannel, [AMQPDelivery]) -> Void
    ) {
        self.client = client
        self.channel = channel
        self.onState = onState
        self.onDeliveries = onDeliveries
    }

    deinit {
        close()
    }

    /// Opens the first channel.
    ///
    /// - Throws: why it cannot be opened; later failures only change the state.
    func start() async throws(SojournError) {
        let first = try await Self.open(client, channel, onState, onDeliveries)
        current.channel.withLock { $0 = first }
        let task = Task { [client, channel, onState, onDeliveries, current] in
            await Self.keepOpen(current, first, client, channel, onState, onDeliveries)
        }
        running.withLock { $0 = task }
    }

    /// Ends it, and releases its channel. What was not acknowledged returns to its queue.
    package func close() {
        running.withLock { $0 }?.cancel()
    }

    /// What the broker says of the queue.
    ///
    /// - Throws: ``SojournError`` if there is no channel now.
    package func queueStatus() async throws(SojournError) -> EventQueueStatus {
        guard let channel = current.channel.withLock(\.self) else {
            throw SojournError(.notConnected, "the subscription is not open yet")
        }
        return try await channel.queueStatus()
    }

    private static func open(
        _ client: SessionClient, _ channel: EventChannel, _ onState: @escaping @Sendable (State) -> Void,
        _ onDeliveries: @escaping @Sendable (AMQPChannel, [AMQPDelivery]) -> Void
    ) async throws(SojournError) -> EventChannel.Opened {
        let connection: AMQPConnection
        do throws(AMQPError) { connection = try await client.connection() } catch { throw SojournError(error) }
        return try await channel.open(
            over: connection,
            EventChannel.Receiver(
                onLive: { onState(.live(backlog: $0, isNewQueue: $1)) }, onEnd: { onState(.interrupted($0)) },
                onDeliveries: onDeliveries))
    }

    private static func keepOpen(
        _ current: CurrentChannel, _ first: EventChannel.Opened, _ client: SessionClient, _ channel: EventChannel,
        _ onState: @escaping @Sendable (State) -> Void,
        _ onDeliveries: @escaping @Sendable (AMQPChannel, [AMQPDelivery]) -> Void
    ) async {
        var opened = first
        while true {
            await untilEnded(opened.channel)
            guard channel.queue.isReopened else { return }
            var backoff = Backoff()
            var generator = SystemRandomNumberGenerator()
            while true {
                if Task.isCancelled || client.isClosed { return onState(.ended) }
                do throws(SojournError) {
                    opened = try await open(client, channel, onState, onDeliveries)
                    current.channel.withLock { [opened] in $0 = opened }
                    break
                } catch {
                    client.logger.debug(
                        "cannot subscribe to events: retrying", metadata: [LogKey.reason: "\(error.message)"])
                    try? await Task.sleep(for: backoff.next(using: &generator))
                }
            }
        }
    }

    /// Waits for the end of a channel, and ends it if the task is cancelled.
    private static func untilEnded(_ channel: AMQPChannel) async {
        await withTaskCancellationHandler {
            _ = await channel.closed()
        } onCancel: {
            Task { await channel.close() }
        }
    }
}

/// What the task that opens channels shares with its subscription, which it must not keep alive.
private final class CurrentChannel: Sendable {
    let channel = Mutex<EventChannel.Opened?>(nil)
}

extension SessionClient {
    /// Subscribes to events, with callbacks on the event loop.
    ///
    /// - Parameter patterns: as in a topic binding.
    /// - Throws: ``SojournError``: `notConnected`, `noSuchNamespace`, `accessRefused`, `invalidConfiguration`.
    package func subscribe(
        to patterns: [String], queue: EventQueue, onState: @escaping @Sendable (EventSubscription.State) -> Void,
        onDeliveries: @escaping @Sendable (AMQPChannel, [AMQPDelivery]) -> Void
    ) async throws(SojournError) -> EventSubscription {
        try queue.validate()
        let subscription = EventSubscription(
            self, EventChannel(exchange: namespace + ".events", patterns: patterns, queue: queue), onState: onState,
            onDeliveries: onDeliveries)
        try await subscription.start()
        return subscription
    }
}
