import AMQPNIO
import SessionContract

/// A lane's connections to a broker, which are lost together.
///
/// All callbacks are made on the lane's event loop.
protocol LaneBroker: Sendable {
    /// Calls back, at least once, when a connection is lost for any reason.
    func whenLost(_ onLost: @escaping @Sendable (any Error) -> Void)

    /// Starts a consumer for each queue. Deliveries may arrive before this returns.
    ///
    /// - Parameter onCancelled: called if the broker cancels the consumer of a queue.
    func consume(
        onBatch: @escaping @Sendable ([AMQPDelivery], Topology.CommandQueue) -> Void,
        onCancelled: @escaping @Sendable (Topology.CommandQueue) -> Void
    ) async throws(AMQPError)

    /// Cancels all consumers. Everything delivered before the broker's answer has been passed on when this returns.
    func cancelConsumers() async

    func pauseReading(_ isPaused: Bool)

    /// Publishes messages, and replies over their own connections. Calls back once each message has its outcome and
    /// each reply is settled.
    func publish(
        _ messages: [AMQPMessage], replies: [AMQPMessage], onSettled: @escaping @Sendable (PublishAnswer) -> Void)

    func acknowledge(_ acknowledgements: [LaneAcknowledgement])

    /// Returns deliveries to their queues.
    func putBack(_ deliveries: [LaneDelivery])

    /// Treats every reply as settled, and begins to close the connections.
    func close() async
}

/// The broker's answer to a publish.
struct PublishAnswer: Sendable {
    /// One outcome per message, in order.
    let outcomes: [AMQPPublishOutcome]
    /// Whether the channel was still open.
    let isChannelOpen: Bool
}
