import AMQPNIO
import ConnectionSupport
import LogMetadata
import Logging
import NIOCore
import SojournClient

/// Events from RabbitMQ, over a client's connection.
struct ClientEventFeed: EventFeed {
    private static let pause: Duration = .seconds(1)

    let client: SessionClient
    let queue: EventQueue
    /// How often to ask the broker whether events wait.
    let interval: Duration
    let logger: Logger

    func run(_ listener: any EventListener) async {
        var news = FailureNews()
        while !Task.isCancelled {
            do throws(SojournError) {
                let subscription = try await subscribe(listener)
                news.forget()
                await ask(subscription, listener)
                subscription.close()
            } catch {
                if news.isNews(error.message, at: .now()) {
                    logger.warning(
                        "the verifier cannot listen to events: retrying",
                        metadata: [LogKey.reason: "\(error.message)"])
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    private func subscribe(_ listener: any EventListener) async throws(SojournError) -> EventSubscription {
        try await client.subscribe(
            to: SessionNews.types, queue: queue,
            onState: { [queue] state in
                switch state {
                case .live(let backlog, let isNewQueue):
                    listener.connected(backlog: backlog, isComplete: !isNewQueue && backlog < queue.limit)
                case .interrupted(let error): listener.disconnected(reason: error.message)
                case .ended: listener.disconnected(reason: "the client was closed")
                }
            },
            onDeliveries: { channel, deliveries in
                listener.received(deliveries.map(\.body))
                if let last = deliveries.last { channel.acknowledge(last.deliveryTag, multiple: true) }
            })
    }

    /// Asks the broker until the task is cancelled. Its silence is silence.
    private func ask(_ subscription: EventSubscription, _ listener: any EventListener) async {
        repeat {
            // What is published after the question may be missing from the answer.
            let instant = ContinuousClock.now
            guard let status = try? await subscription.queueStatus() else { continue }
            if status.readers > 1 {
                listener.missed(because: .shared)
            } else if status.waiting >= queue.limit {
                listener.missed(because: .overflow)
            } else if status.waiting == 0 {
                listener.heard(until: instant)
            }
        } while (try? await Task.sleep(for: interval)) != nil
    }
}
