package import AMQPNIO
package import NIOCore
package import SessionContract
package import SessionCore

/// A delivery and its work. A class, because it is passed on many times, and copying all its parts each time would cost
/// more than processing it.
package final class LaneItem: Sendable {
    package let queue: Topology.CommandQueue
    package let delivery: AMQPDelivery
    package let work: Work
    /// When it arrived, by the machine's clock.
    package let receivedAt: Timestamp
    /// The same moment by the event loop's clock, to measure how long it takes.
    package let arrivedAt: NIODeadline
    /// Memory used until it is acknowledged, in bytes.
    let heldBytes: Int
    /// `nil` if it is not traced.
    let span: CommandSpan?

    init(
        queue: Topology.CommandQueue, delivery: AMQPDelivery, work: Work, receivedAt: Timestamp, arrivedAt: NIODeadline,
        span: CommandSpan? = nil
    ) {
        self.span = span
        self.queue = queue
        self.receivedAt = receivedAt
        self.arrivedAt = arrivedAt
        self.delivery = delivery
        self.work = work
        // A parsed body is a tree of values, and larger than its text.
        heldBytes = delivery.heldBytes + (work.isCommand ? 4 * delivery.body.count : 0)
    }
}

extension LaneItem {
    /// How often a command for a later version is put back, by a queue that counts that. Below the number of deliveries
    /// after which a message is given up, which is also its queue's own limit in RabbitMQ 4.
    private static let mostReturns = 15

    /// Whether a worker of a later version may still be found.
    var mayBePutBack: Bool {
        queue.countsDeliveries ? delivery.earlierDeliveries < Self.mostReturns : !delivery.redelivered
    }
}

extension Work {
    fileprivate var isCommand: Bool {
        switch content {
        case .command: true
        case .unreadable, .rejected: false
        }
    }
}
