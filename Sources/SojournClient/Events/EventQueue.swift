/// Where RabbitMQ keeps events for a subscription until they are read.
public struct EventQueue: Hashable, Sendable {
    /// What a subscription does when a temporary queue is gone, and with it what nobody had read.
    public enum LossReaction: Hashable, Sendable {
        /// It throws `queueLost`.
        case fail
        /// It goes on with a new queue. ``SessionEvent/missed`` tells about gaps.
        case resume
    }

    enum Kind: Hashable, Sendable {
        case temporary(LossReaction)
        case durable(name: String, expiresAfter: Duration, limit: Int)
    }

    let kind: Kind

    /// A queue of the subscription's own, which goes with its connection: for what happens from now on. It holds at most 100 000
    /// events; then the oldest are dropped.
    public static func temporary(afterLoss reaction: LossReaction = .fail) -> EventQueue {
        EventQueue(kind: .temporary(reaction))
    }

    /// A queue that keeps events while nobody reads them. Subscriptions with the same name share its events between them.
    ///
    /// - Parameters:
    ///   - name: 1 to 128 bytes, such as `devices.sessions`, where `devices` is the RabbitMQ user: `docs/operations.md` says what
    ///     a user may declare.
    ///   - expiresAfter: how long RabbitMQ keeps it while nobody is subscribed, from 1 s to 30 days.
    ///   - limit: how many events it holds. When it is full, events wait in Sojourn, and none is lost.
    public static func durable(
        _ name: String, expiresAfter: Duration = .seconds(7 * 86400), limit: Int = 1_000_000
    ) -> EventQueue {
        EventQueue(kind: .durable(name: name, expiresAfter: expiresAfter, limit: limit))
    }

    /// How many events a temporary queue holds.
    static let temporaryLimit = 100_000

    /// How many events it holds.
    package var limit: Int {
        switch kind {
        case .temporary: Self.temporaryLimit
        case .durable(_, _, let limit): limit
        }
    }

    /// Whether its subscription goes on after its channel has ended.
    var isReopened: Bool { kind != .temporary(.fail) }

    /// Whether nothing that was bound for it is lost with a connection.
    package var isDurable: Bool {
        if case .durable = kind { true } else { false }
    }

    func validate() throws(SojournError) {
        guard case .durable(let name, let expiresAfter, let limit) = kind else { return }
        guard (1...128).contains(name.utf8.count), !name.hasPrefix("amq.") else {
            throw SojournError(
                .invalidConfiguration, "the name of an event queue has 1 to 128 bytes and does not begin with amq.")
        }
        guard (.seconds(1) ... .seconds(30 * 86400)).contains(expiresAfter) else {
            throw SojournError(.invalidConfiguration, "an event queue expires after 1 second to 30 days")
        }
        guard (1...100_000_000).contains(limit) else {
            throw SojournError(.invalidConfiguration, "an event queue holds 1 to 100 million events")
        }
    }
}
