import AMQPNIO
import SessionContract

/// What a lane asks of a broker, over connections that are lost together.
///
/// Everything that is called back is called on the lane's event loop.
protocol LaneBroker: Sendable {
    /// Calls back, once or more often, when there is nobody to answer any more, whatever the reason.
    func whenLost(_ onLost: @escaping @Sendable (any Error) -> Void)

    /// Starts a consumer for each queue. Deliveries may come before this returns.
    ///
    /// - Parameter onCancelled: called when the broker ends the consumer of a queue.
    func consume(
        onBatch: @escaping @Sendable ([AMQPDelivery], Topology.CommandQueue) -> Void,
        onCancelled: @escaping @Sendable (Topology.CommandQueue) -> Void
    ) async throws(AMQPError)

    /// Cancels all consumers. What was delivered before the broker agreed has been handed over when this returns.
    func cancelConsumers() async

    func pauseReading(_ isPaused: Bool)

    /// Publishes messages, and the replies over connections of their own; calls back once each message has its outcome and
    /// each reply is settled.
    func publish(
        _ messages: [AMQPMessage], replies: [AMQPMessage], onSettled: @escaping @Sendable (PublishAnswer) -> Void)

    func acknowledge(_ acknowledgements: [LaneAcknowledgement])

    /// Counts every reply as settled, and begins to close the connections.
    func close() async
}

/// What the broker said of messages.
struct PublishAnswer: Sendable {
    /// One for each message, in their order.
    let outcomes: [AMQPPublishOutcome]
    /// Whether the channel that they went over could still be used then.
    let isChannelOpen: Bool
}
