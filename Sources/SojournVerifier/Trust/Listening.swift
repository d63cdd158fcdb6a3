/// What a verifier may conclude from the events that it has heard, and from the silence in between.
///
/// Every case in which something may have been missed is treated alike: as a new beginning. What is known of sessions goes back
/// to it; about tokens that were issued before, nothing can be said.
struct Listening {
    /// When the verifier began to hear everything.
    struct Beginning: Equatable, Sendable {
        let at: UnixTime
        /// From 1; another one for each beginning.
        let number: UInt64
    }

    /// Why nothing can be decided at the moment.
    enum Doubt: Equatable {
        case stale
        case catchingUp
    }

    private struct Connection {
        let since: ContinuousClock.Instant
        /// The events that waited when it was made, as far as they have not come yet.
        var backlog: Int
        /// Whether an event has come since the broker last said that none waits.
        var hasReceived = true
    }

    private(set) var beginning: Beginning?
    /// Every event until then has come: the broker has said so.
    private(set) var heardUntil: ContinuousClock.Instant?
    private var connection: Connection?
    private var beginnings: UInt64 = 0

    /// How many events waited when the connection was made, and have not come yet; `nil` without a connection.
    var backlog: Int? { connection?.backlog }

    /// A subscription is in force, and none of its events have been delivered yet.
    ///
    /// - Parameters:
    ///   - backlog: how many events wait in the queue.
    ///   - isComplete: whether the queue has been there since the last beginning and lost nothing.
    mutating func connected(backlog: Int, isComplete: Bool, at now: UnixTime, _ instant: ContinuousClock.Instant) {
        if beginning == nil || !isComplete { begin(at: now) }
        connection = Connection(since: instant, backlog: backlog)
    }

    /// The connection is lost.
    mutating func disconnected() {
        connection = nil
    }

    mutating func received(events: Int) {
        guard let connection else { return }
        self.connection?.hasReceived = true
        self.connection?.backlog = max(0, connection.backlog - events)
    }

    /// The broker has said that nothing waits of what was published until `instant`.
    mutating func heard(until instant: ContinuousClock.Instant) {
        // What was said over an earlier connection says nothing about this one.
        guard let connection, instant >= connection.since else { return }
        // Some of the backlog may have been dropped from the queue. What is on its way comes before it is said again.
        if !connection.hasReceived { self.connection?.backlog = 0 }
        self.connection?.hasReceived = false
        heardUntil = max(heardUntil ?? instant, instant)
    }

    /// Something may have been missed.
    mutating func missed(at now: UnixTime) {
        if beginning != nil { begin(at: now) }
    }

    /// - Parameter maximumSilence: how long ago the last moment may be until which every event has come.
    func doubt(maximumSilence: Duration, at instant: ContinuousClock.Instant) -> Doubt? {
        if connection?.backlog ?? 0 > 0 { return .catchingUp }
        guard beginning != nil, let heardUntil, instant - heardUntil <= maximumSilence else { return .stale }
        return nil
    }

    private mutating func begin(at now: UnixTime) {
        beginnings += 1
        beginning = Beginning(at: now, number: beginnings)
    }
}
