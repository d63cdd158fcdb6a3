/// Where a verifier hears of events. All callbacks of a feed come one after the other, but for ``EventListener/heard(until:)``.
package protocol EventFeed: Sendable {
    /// Listens until the task is cancelled.
    func run(_ listener: any EventListener) async
}

/// What a feed tells.
package protocol EventListener: Sendable {
    /// All events arrive from now on, after those that wait.
    ///
    /// - Parameter isComplete: whether none was lost since the connection before.
    func connected(backlog: Int, isComplete: Bool)

    /// - Parameter reason: in words.
    func disconnected(reason: String)

    func received(_ events: [[UInt8]])

    /// Nothing waits of what was published until `instant`.
    func heard(until instant: ContinuousClock.Instant)

    /// Events may have been lost without a sign.
    func missed(because loss: EventLoss)
}

/// How events can be lost without a sign.
package enum EventLoss: Sendable {
    /// So many waited that some may have been dropped, or not taken yet.
    case overflow
    /// Somebody else reads the queue.
    case shared
}
