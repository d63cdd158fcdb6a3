import AMQPNIO
import SessionContract
import SessionStorage

/// Measures what waits, for operators. Nothing depends on it: what cannot be measured is not known for a while.
struct BacklogMeter: Sendable {
    /// More often than a scrape, rarely enough to cost nothing: a look is some hundred small commands to Redis, and a
    /// question per queue to RabbitMQ.
    private static let interval: Duration = .seconds(5)

    let store: RedisSessionStore
    let queues: [String]
    let metrics: BacklogMetrics

    /// Measures until the task is cancelled.
    func run(over connection: AMQPConnection) async throws {
        defer { metrics.forget() }
        var channel: AMQPChannel?
        // At first the lanes are not there yet: that nobody consumes then would alarm somebody for nothing.
        var areLanesThere = false
        while true {
            metrics.record(try? await store.backlog())
            for queue in queues {
                if channel?.isOpen != true { channel = try await connection.openChannel() }
                // A queue that is missing, or whose node is down, closes the channel.
                let answer = try? await channel?.queueDeclare(queue, passive: true)
                metrics.record(queue, answer.map { ($0.messageCount, areLanesThere ? $0.consumerCount : nil) })
            }
            areLanesThere = true
            try await Task.sleep(for: Self.interval)
        }
    }
}
