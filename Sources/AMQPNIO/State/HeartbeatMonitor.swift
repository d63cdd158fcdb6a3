/// Keeps both directions alive (AMQP 0-9-1 §4.2.7). It is notified of traffic, and by a tick every half interval.
///
/// It uses flags instead of times: recording traffic costs nothing on the hot path, no clock is read, and a process
/// that was suspended sees that its peer is alive if bytes from it are waiting.
struct HeartbeatMonitor {
    struct Action: Equatable {
        var sendHeartbeat: Bool
        var peerIsSilent: Bool
    }

    private var sent = false
    private var heard = false
    private var silentTicks = 0

    /// Two intervals of silence, the same limit as RabbitMQ's.
    private static let silentTicksAllowed = 4

    mutating func didSend() { sent = true }
    mutating func didHear() { heard = true }

    /// Called every half interval.
    mutating func tick() -> Action {
        silentTicks = heard ? 0 : silentTicks + 1
        defer {
            heard = false
            sent = false
        }
        return Action(sendHeartbeat: !sent, peerIsSilent: silentTicks >= Self.silentTicksAllowed)
    }
}
