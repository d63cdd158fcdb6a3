import Glibc
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import AMQPNIO

/// A real RabbitMQ, configured by the environment. Its absence is a failure: a suite that silently skips tests nothing.
enum LiveBroker {
    static let variable = "SOJOURN_TEST_AMQP_URL"

    static func configuration() throws -> AMQPConfiguration {
        guard let value = getenv(variable) else {
            throw AMQPError(.invalidConfiguration, "set \(variable) to the URL of a RabbitMQ for tests")
        }
        var configuration = try AMQPConfiguration(url: String(cString: value))
        configuration.connectionName = "AMQPConnectionTests"
        return configuration
    }

    static func connect(
        _ change: (inout AMQPConfiguration) -> Void = { _ in }
    ) async throws -> AMQPConnection {
        var configuration = try configuration()
        change(&configuration)
        return try await AMQPConnection.connect(
            configuration, on: MultiThreadedEventLoopGroup.singleton.next(), logger: Logger(label: "test"))
    }

    /// A unique name.
    static func name(_ purpose: String) -> String { "amqp-test-\(purpose)-\(UInt64.random(in: 0...UInt64.max))" }

    /// Runs with a connection and a channel, and always closes them.
    static func withChannel<Value>(
        _ change: (inout AMQPConfiguration) -> Void = { _ in },
        _ body: (AMQPConnection, AMQPChannel) async throws -> Value
    ) async throws -> Value {
        let connection = try await connect(change)
        do {
            let value = try await body(connection, try await connection.openChannel())
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }
}

/// Deliveries as an async sequence.
struct DeliveryStream {
    let stream: AsyncStream<AMQPDelivery>
    private let continuation: AsyncStream<AMQPDelivery>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    var onBatch: @Sendable ([AMQPDelivery]) -> Void {
        { [continuation] batch in for delivery in batch { continuation.yield(delivery) } }
    }

    var onCancelled: @Sendable () -> Void { { [continuation] in continuation.finish() } }

    /// The next `count` deliveries.
    func next(_ count: Int) async -> [AMQPDelivery] {
        var deliveries: [AMQPDelivery] = []
        guard count > 0 else { return [] }
        for await delivery in stream {
            deliveries.append(delivery)
            if deliveries.count == count { break }
        }
        return deliveries
    }
}
