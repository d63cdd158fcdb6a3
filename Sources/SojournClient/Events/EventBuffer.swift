import AMQPNIO
import DequeModule
import LogMetadata
import Logging
import Metrics
import Synchronization

/// Events between RabbitMQ and the loop that reads them. RabbitMQ sends only so many ahead, so it stays small.
final class EventBuffer: Sendable {
    private typealias Waiter = CheckedContinuation<Void, Never>

    /// An event, and where to acknowledge it.
    private struct Held {
        let delivery: AMQPDelivery
        let channel: AMQPChannel

        func acknowledge() { channel.acknowledge(delivery.deliveryTag) }
    }

    private struct State {
        var arrived = Deque<Held>()
        /// What the reader has in its hands.
        var current: (event: String, held: Held)?
        var order: EventOrder
        var waiter: Waiter?
        var failure: SojournError?
        var wasLive = false

        mutating func takeWaiter() -> Waiter? {
            defer { waiter = nil }
            return waiter
        }
    }

    private let queue: EventQueue
    private let logger: Logger
    private let unreadable = Counter(label: "sojourn_client_unreadable_events_total")
    private let state: Mutex<State>

    init(_ queue: EventQueue, order: EventOrder, logger: Logger) {
        self.queue = queue
        self.logger = logger
        state = Mutex(State(order: order))
    }

    // MARK: - What the subscription tells

    func receive(_ deliveries: [AMQPDelivery], on channel: AMQPChannel) {
        state.withLock { state in
            for delivery in deliveries { state.arrived.append(Held(delivery: delivery, channel: channel)) }
            return state.takeWaiter()
        }?.resume()
    }

    func change(_ new: EventSubscription.State) {
        state.withLock { state in
            switch new {
            case .live(_, let isNewQueue):
                if state.wasLive, isNewQueue, queue.isDurable { state.failure = state.failure ?? .eventsLost }
                state.wasLive = true
            case .interrupted(let error):
                // What a durable queue has sent, it sends again.
                if queue.isDurable { state.arrived.removeAll() }
                if !queue.isReopened { state.failure = state.failure ?? SojournError(.queueLost, error.message) }
            case .ended: state.failure = state.failure ?? .closed
            }
            return state.takeWaiter()
        }?.resume()
    }

    // MARK: - What the reader asks for

    /// The next event. Acknowledges the one before: whoever asks for another has done with it.
    ///
    /// - Throws: ``SojournError``, once all that has arrived is read; `CancellationError`.
    func next() async throws -> SessionEvent {
        state.withLock { state in
            defer { state.current = nil }
            return state.current
        }?.held.acknowledge()
        while true {
            try Task.checkCancellation()
            if let event = try takeArrived() { return event }
            await arrival()
        }
    }

    /// An event that has arrived; `nil` if there is none now.
    private func takeArrived() throws(SojournError) -> SessionEvent? {
        while true {
            let (held, failure) = state.withLock { ($0.arrived.popFirst(), $0.failure) }
            guard let held else {
                if let failure { throw failure }
                return nil
            }
            guard !held.delivery.isTruncated, let event = SessionEvent(json: held.delivery.body) else {
                unreadable.increment()
                logger.warning(
                    "left out an event that cannot be read",
                    metadata: [LogKey.eventType: "\(held.delivery.routingKey.prefix(64))"])
                held.acknowledge()
                continue
            }
            let noted = state.withLock { state in
                let noted = state.order.note(event)
                if noted != nil { state.current = (event.id, held) }
                return noted
            }
            if let noted { return noted }
            held.acknowledge()
        }
    }

    private func arrival() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                let isOver = state.withLock { state in
                    precondition(state.waiter == nil, "two tasks read the same events")
                    let isOver = !state.arrived.isEmpty || state.failure != nil || Task.isCancelled
                    if !isOver { state.waiter = waiter }
                    return isOver
                }
                if isOver { waiter.resume() }
            }
        } onCancel: {
            state.withLock { $0.takeWaiter() }?.resume()
        }
    }
}

extension SojournError {
    static let eventsLost = SojournError(
        .queueLost, "the event queue was gone: events in between were lost")
}
