import AMQPNIO
import ArgumentParser
import Glibc
import Logging
import NIOPosix

/// A service that only echoes: it consumes, sends the body back and acknowledges. No Redis, no confirms, one reply.
struct EchoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo", abstract: "Echo the body of every validate, until Ctrl-C.")

    @Option(help: "The broker.")
    var amqpUrl = "amqp://guest:guest@127.0.0.1:5672/"

    @Option(help: "A separate namespace, in which it declares its exchange and queue.")
    var namespace = "echo"

    func run() async throws {
        let connection = try await AMQPConnection.connect(
            try AMQPConfiguration(url: amqpUrl), on: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "echo"))
        let channel = try await connection.openChannel()
        let exchange = namespace + ".commands"
        try await channel.exchangeDeclare(exchange, kind: "topic", durable: false, autoDelete: true)
        let queue = try await channel.queueDeclare("", durable: false, exclusive: true, autoDelete: true)
        try await channel.queueBind(queue.name, exchange: exchange, routingKey: "session.validate")
        try await channel.qos(prefetch: 500)
        try await channel.consume(queue: queue.name, onBatch: { Self.answer($0, on: channel) })
        // `print` would buffer the line that a script waits for.
        _ = "echoing\n".withCString { write(STDOUT_FILENO, $0, strlen($0)) }
        await connection.closed()
    }

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
