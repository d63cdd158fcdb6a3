package import AMQPNIO
package import SessionContract

/// A delivery on its way through a lane. A class, since it is handed on many times, and a copy of all its parts each time
/// would cost more than carrying it out.
package final class LaneItem: Sendable {
    package let queue: Topology.CommandQueue
    package let delivery: AMQPDelivery
    package let work: Work
    /// What it takes up until it is acknowledged, in bytes.
    let heldBytes: Int

    init(queue: Topology.CommandQueue, delivery: AMQPDelivery, work: Work) {
        self.queue = queue
        self.delivery = delivery
        self.work = work
        // What is read of a body is a tree of values, and takes up more than its text.
        heldBytes = delivery.heldBytes + (work.isCommand ? 4 * delivery.body.count : 0)
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
