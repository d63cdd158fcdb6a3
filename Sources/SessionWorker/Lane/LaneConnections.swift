import AMQPConnection
import SessionContract

/// What a lane has for as long as its connections last; with them it is gone, since the broker delivers again what was not
/// acknowledged.
struct LaneConnections {
    enum Phase {
        /// Commands come in.
        case serving
        /// No more come; those that are here are finished.
        case draining
        /// There is nobody to answer any more.
        case lost(any Error)
    }

    /// One queue's channel, and what was delivered on it. Few enough to be searched through.
    struct Consumer {
        let queue: Topology.CommandQueue
        let channel: AMQPChannel
        fileprivate var window = AcknowledgementWindow()
    }

    let broker: BrokerConnections
    let publisher: ConfirmedPublisher
    var phase = Phase.serving
    private(set) var consumers: [Consumer] = []
    var backlog: LaneBacklog
    /// Whether all consumers are there.
    var mayPauseReading = false
    var isReadingPaused = false
    /// What is done beside the batches: publishing those that are stored, and trying again what Redis refused.
    var tasks = 0
    var refusedCopies = RefusedCopies()

    /// Why there is nobody to answer, if that is so.
    var loss: (any Error)? {
        switch phase {
        case .serving, .draining: nil
        case .lost(let error): error
        }
    }

    mutating func consume(from queue: Topology.CommandQueue, on channel: AMQPChannel) {
        consumers.append(Consumer(queue: queue, channel: channel))
    }

    /// Takes what was delivered from a queue.
    mutating func take(_ items: [LaneItem], from queue: Topology.CommandQueue) {
        for index in consumers.indices where consumers[index].queue == queue {
            for item in items { consumers[index].window.note(item.delivery.deliveryTag) }
        }
        backlog.add(items, from: queue)
    }

    /// Notes commands that are finished, and may be acknowledged.
    mutating func finish(_ items: [LaneItem]) {
        for index in consumers.indices {
            let queue = consumers[index].queue
            for item in items where item.queue == queue { consumers[index].window.finish(item.delivery.deliveryTag) }
        }
        backlog.finish(items)
    }

    /// Acknowledges what is finished, as much as goes in one; what waits behind a command that takes long is acknowledged
    /// apart, or it would use up the prefetch.
    mutating func acknowledgeFinished() {
        for index in consumers.indices {
            let channel = consumers[index].channel
            for tag in consumers[index].window.takeOvertaking() { channel.acknowledge(tag, multiple: false) }
            if let tag = consumers[index].window.takeAcknowledgement() { channel.acknowledge(tag, multiple: true) }
        }
    }

    mutating func lose(because error: any Error) {
        if loss == nil { phase = .lost(error) }
    }
}
