import AMQPNIO
import NIOCore
import SessionContract
import Synchronization

/// A lane's channels: one for each queue that it consumes from, and one for publishing.
struct AMQPLaneBroker: LaneBroker {
    private struct Consumer: Sendable {
        let queue: Topology.CommandQueue
        let name: String
        let channel: AMQPChannel
    }

    private let connections: BrokerConnections
    private let publisher: AMQPChannel
    /// Few enough for a linear search.
    private let consumers: [Consumer]
    /// The names of queues that cannot be consumed from, because the node with their only copy is down. The others go on:
    /// in a cluster, only the classic queues of that node are unavailable.
    let absentQueues: [String]
    /// Publishes the replies; to be run while the lane is served.
    let replies: ReplyPublisher

    /// - Parameters:
    ///   - queues: the queues to consume from, with their names.
    ///   - prefetch: unacknowledged deliveries per queue.
    init(
        over connections: BrokerConnections, queues: [(queue: Topology.CommandQueue, name: String)], prefetch: UInt16,
        replies: ReplyPublisher
    ) async throws(AMQPError) {
        self.connections = connections
        self.replies = replies
        publisher = try await connections.publishing.openChannel()
        try await publisher.confirmSelect()
        var consumers: [Consumer] = []
        var absentQueues: [String] = []
        for (queue, name) in queues {
            guard let channel = try await Self.channel(ofPresent: name, over: connections.consuming) else {
                absentQueues.append(name)
                continue
            }
            try await channel.qos(prefetch: prefetch)
            consumers.append(Consumer(queue: queue, name: name, channel: channel))
        }
        self.consumers = consumers
        self.absentQueues = absentQueues
    }

    /// How often to ask whether an absent queue is back.
    private static let presenceInterval: Duration = .seconds(1)

    /// Waits until an absent queue is back; false if the connection is lost or the task cancelled before.
    func awaitAbsentQueue() async -> Bool {
        do {
            while true {
                try await Task.sleep(for: Self.presenceInterval)
                for name in absentQueues {
                    guard let channel = try await Self.channel(ofPresent: name, over: connections.consuming)
                    else { continue }
                    await channel.close()
                    return true
                }
            }
        } catch {
            return false
        }
    }

    /// Gives up the connections; the lane is served over new ones.
    func reconnect() {
        connections.beginClosing()
    }

    /// A new channel; nil if the queue's node is down, which closes the channel that asks.
    private static func channel(
        ofPresent queue: String, over connection: AMQPConnection
    ) async throws(AMQPError) -> AMQPChannel? {
        let channel = try await connection.openChannel()
        do throws(AMQPError) {
            try await channel.queueDeclare(queue, passive: true)
        } catch {
            guard error.isAboutAbsentNode else { throw error }
            return nil
        }
        return channel
    }

    func whenLost(_ onLost: @escaping @Sendable (any Error) -> Void) {
        let closed = [connections.consuming.closeFuture, connections.publishing.closeFuture]
        // RabbitMQ closes a channel on its own if a delivery is held for longer than its consumer_timeout.
        for future in closed + consumers.map(\.channel.closeFuture) {
            future.whenSuccess { onLost($0 ?? AMQPError(.connectionClosed, "the channel was closed")) }
        }
    }

    func consume(
        onBatch: @escaping @Sendable ([AMQPDelivery], Topology.CommandQueue) -> Void,
        onCancelled: @escaping @Sendable (Topology.CommandQueue) -> Void
    ) async throws(AMQPError) {
        for consumer in consumers {
            let queue = consumer.queue
            try await consumer.channel.consume(
                queue: consumer.name, consumerTag: queue.rawValue, onBatch: { onBatch($0, queue) },
                onCancelled: { onCancelled(queue) })
        }
    }

    func cancelConsumers() async {
        for consumer in consumers { try? await consumer.channel.cancel(consumerTag: consumer.queue.rawValue) }
    }

    func pauseReading(_ isPaused: Bool) {
        connections.consuming.pauseReading(isPaused)
    }

    /// Without a task for either: this happens for every batch, and a task costs as much as a command.
    func publish(
        _ messages: [AMQPMessage], replies: [AMQPMessage], onSettled: @escaping @Sendable (PublishAnswer) -> Void
    ) {
        let settlement = Settlement { [publisher] outcomes in
            onSettled(PublishAnswer(outcomes: outcomes, isChannelOpen: publisher.isOpen))
        }
        self.replies.assumeIsolated { $0.publish(replies) { settlement.settleReplies() } }
        publisher.outcomes(publishing: messages) { settlement.settle($0) }
    }

    func acknowledge(_ acknowledgements: [LaneAcknowledgement]) {
        for acknowledgement in acknowledgements {
            channel(of: acknowledgement.queue).acknowledge(acknowledgement.tag, multiple: acknowledgement.multiple)
        }
    }

    func putBack(_ deliveries: [LaneDelivery]) {
        for delivery in deliveries { channel(of: delivery.queue).reject(delivery.tag, requeue: true) }
    }

    private func channel(of queue: Topology.CommandQueue) -> AMQPChannel {
        guard let consumer = consumers.first(where: { $0.queue == queue }) else {
            preconditionFailure("a lane only has deliveries of its own queues")
        }
        return consumer.channel
    }

    func close() async {
        await replies.close()
        connections.beginClosing()
    }
}

/// Waits for both answers, and passes on the one with the outcomes.
private final class Settlement: Sendable {
    private struct State {
        var outcomes: [AMQPPublishOutcome]?
        var areRepliesSettled = false
    }

    private let state = Mutex(State())
    private let done: @Sendable ([AMQPPublishOutcome]) -> Void

    init(_ done: @escaping @Sendable ([AMQPPublishOutcome]) -> Void) {
        self.done = done
    }

    func settle(_ outcomes: [AMQPPublishOutcome]) {
        settle { $0.outcomes = outcomes }
    }

    func settleReplies() {
        settle { $0.areRepliesSettled = true }
    }

    private func settle(_ set: (inout State) -> Void) {
        let outcomes: [AMQPPublishOutcome]? = state.withLock { state in
            set(&state)
            return state.areRepliesSettled ? state.outcomes : nil
        }
        if let outcomes { done(outcomes) }
    }
}
