import AMQPNIO
import Metrics
import NIOCore
import SessionContract

/// What a lane holds at the moment, as gauges, and how long the broker takes to confirm what it publishes.
struct LaneLoad {
    private let unacknowledged: [Gauge]
    private let heldBytes: Gauge
    private let isPaused: Gauge
    private let unconfirmed: Gauge
    private let confirmSeconds = Recorder(label: "sojourn_confirm_seconds")
    private let publishDuration = Recorder(
        label: "messaging_client_operation_duration_seconds",
        dimensions: [
            ("messaging_system", "rabbitmq"), ("messaging_operation_name", "publish"),
            ("messaging_operation_type", "send"),
        ])
    private var unconfirmedCount = 0

    /// - Parameters:
    ///   - lane: its name, such as `lane-0`.
    ///   - queues: the names of its queues, in the order in which the lane serves them.
    init(of lane: String, queues: [String], prefetch: Int, heldBytesLimit: Int) {
        let dimension = [("lane", lane)]
        unacknowledged = queues.map {
            Gauge(label: "sojourn_unacknowledged_deliveries", dimensions: dimension + [("queue", $0)])
        }
        heldBytes = Gauge(label: "sojourn_in_flight_bytes", dimensions: dimension)
        isPaused = Gauge(label: "sojourn_reading_paused", dimensions: dimension)
        unconfirmed = Gauge(label: "sojourn_unconfirmed_messages", dimensions: dimension)
        for queue in queues {
            Gauge(label: "sojourn_prefetch_limit", dimensions: dimension + [("queue", queue)]).record(prefetch)
        }
        Gauge(label: "sojourn_in_flight_bytes_limit", dimensions: dimension).record(heldBytesLimit)
        for gauge in unacknowledged + [heldBytes, isPaused, unconfirmed] { gauge.record(0) }
    }

    /// - Parameter backlog: nil while the lane is not connected.
    func record(_ backlog: LaneBacklog?) {
        for (place, gauge) in unacknowledged.enumerated() {
            gauge.record(backlog?.unacknowledged(at: place) ?? 0)
        }
        heldBytes.record(backlog?.heldBytes ?? 0)
        isPaused.record(backlog?.isFull == true ? 1 : 0)
    }

    mutating func beganPublishing(_ count: Int) {
        unconfirmedCount += count
        unconfirmed.record(unconfirmedCount)
    }

    /// - Parameter begin: when the messages were published; they now have their outcomes.
    mutating func endedPublishing(_ count: Int, begin: NIODeadline, now: NIODeadline) {
        unconfirmedCount -= count
        unconfirmed.record(unconfirmedCount)
        let seconds = Double((now - begin).nanoseconds) / 1e9
        confirmSeconds.record(seconds)
        publishDuration.record(seconds)
    }
}
