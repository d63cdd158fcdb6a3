import AMQPNIO
import Glibc
import NIOCore

/// The least that a service behind RabbitMQ can do: it consumes from a queue, sends each body back, and acknowledges. No Redis, no
/// confirms, one reply. Its figures show what the broker and the machine contribute to those of a pool.
struct EchoServer: Sendable {
    /// A queue of its own, which ends with the connection.
    let queue: String
    private let clock: clockid_t?

    /// - Parameter channel: of a connection with an event loop of its own, whose CPU time is the echo's.
    static func start(on channel: AMQPChannel, prefetch: UInt16) async throws(AMQPError) -> EchoServer {
        let queue = try await channel.queueDeclare("", durable: false, exclusive: true, autoDelete: true)
        try await channel.qos(prefetch: prefetch)
        try await channel.consume(queue: queue.name, onBatch: { answer($0, on: channel) })
        let clock = try? await channel.eventLoop.submit { CPUTime.clockOfThisThread() }.get()
        return EchoServer(queue: queue.name, clock: clock ?? nil)
    }

    /// CPU seconds so far.
    var cpuSeconds: Double? { clock.flatMap { CPUTime.seconds(of: $0) } }

    private static func answer(_ batch: [AMQPDelivery], on channel: AMQPChannel) {
        channel.publishAndForget(
            batch.compactMap { delivery in
                delivery.properties.replyTo.map { replyTo in
                    AMQPMessage(
                        exchange: "", routingKey: replyTo,
                        properties: AMQPProperties(correlationID: delivery.properties.correlationID),
                        body: delivery.body)
                }
            })
        if let last = batch.last { channel.acknowledge(last.deliveryTag, multiple: true) }
    }
}
