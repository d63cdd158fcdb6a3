import Metrics
import SessionContract
import SessionStorage

/// What waits in the outbox, at the deadlines and in the queues, as gauges. `NaN` while it is not known.
struct BacklogMetrics: Sendable {
    private let events = Gauge(label: "sojourn_outbox_events")
    private let oldestEvent = Gauge(label: "sojourn_outbox_oldest_event_age_seconds")
    private let lag = Gauge(label: "sojourn_expiry_lag_seconds")
    private let queues: [String: (ready: Gauge, consumers: Gauge)]

    /// - Parameter queues: their names.
    init(queues: [String]) {
        self.queues = Dictionary(
            uniqueKeysWithValues: queues.map { queue in
                let dimension = [("queue", queue)]
                return (
                    queue,
                    (
                        Gauge(label: "sojourn_queue_ready_messages", dimensions: dimension),
                        Gauge(label: "sojourn_queue_consumers", dimensions: dimension)
                    )
                )
            })
        forget()
    }

    func record(_ backlog: StoreBacklog?) {
        events.record(backlog.map { Double($0.events) } ?? .nan)
        oldestEvent.record(backlog?.oldestEventSeconds ?? .nan)
        lag.record(backlog?.overdueSeconds ?? .nan)
    }

    /// - Parameter counts: `nil` if the queue cannot be asked; its consumers are `nil` if they cannot be told yet.
    func record(_ queue: String, _ counts: (ready: UInt32, consumers: UInt32?)?) {
        queues[queue]?.ready.record(counts.map { Double($0.ready) } ?? .nan)
        queues[queue]?.consumers.record(counts?.consumers.map(Double.init) ?? .nan)
    }

    /// Nothing is known any more.
    func forget() {
        record(nil)
        for queue in queues.keys { record(queue, nil) }
    }
}
