/// Keeps both directions alive (AMQP 0-9-1 §4.2.7), told of traffic and of a tick every half interval.
///
/// Flags instead of times: noting traffic costs nothing on the hot path, no clock is read, and a process that was
/// suspended finds its peer alive if the peer's bytes are waiting.
struct HeartbeatMonitor {
    struct Action: Equatable {
        var sendHeartbeat: Bool
        var peerIsSilent: Bool
    }

    private var sent = false
    private var heard = false
    private var silentTicks = 0

    /// Two intervals of silence, as RabbitMQ itself counts.
    private static let silentTicksAllowed = 4

    mutating func didSend() { sent = true }
    mutating func didHear() { heard = true }

    /// Half an interval has passed.
    mutating func tick() -> Action {
        silentTicks = heard ? 0 : silentTicks + 1
        defer {
            heard = false
            sent = false
        }
        return Action(sendHeartbeat: !sent, peerIsSilent: silentTicks >= Self.silentTicksAllowed)
    }
}
