package import AMQPNIO
import DequeModule
package import NIOCore

/// Finds the reply over which RabbitMQ closes a connection, without losing any other.
///
/// The sender chooses `reply_to`, and RabbitMQ 3.10 decodes direct reply-to addresses carelessly: some of them crash
/// the connection (541). They cannot be recognised beforehand, so they are tried: the replies in flight on a lost
/// connection are sent again in halves, over a separate connection, until a single reply is left, which is then
/// dropped. A value: its owner sends what ``next()`` returns, and reports the outcome.
package struct ReplySearch {
    /// How many replies are sent together at first. A larger number needs fewer steps if one in thousands is bad, and
    /// more if many are.
    static let groupLimit = 32
    /// How often a group may lose its connection without a reason from the broker before it counts as the cause. A
    /// restarting broker drops connections whatever was sent.
    static let silentLosses = 3

    /// Why a connection was lost with a group in flight.
    package enum Loss {
        /// The broker closed it with a reason: something in the group may be the cause.
        case refused
        /// The connection failed.
        case broken

        /// The broker's own shutdown.
        private static let connectionForced: UInt16 = 320

        package init(_ error: AMQPError) {
            guard let code = error.replyCode, code != Self.connectionForced else {
                self = .broken
                return
            }
            self = .refused
        }
    }

    private struct Group {
        var replies: [PendingReply]
        var silentLosses = 0
    }

    private var waiting = Deque<Group>()
    private var underWay: Group?
    /// After one is found, more are likely: replies are sent one by one until some have succeeded.
    private var nextLimit = ReplySearch.groupLimit

    package init() {}

    /// Whether nothing is waiting or in flight.
    package var isIdle: Bool { waiting.isEmpty && underWay == nil }

    package mutating func add(_ replies: [PendingReply]) {
        guard !replies.isEmpty else { return }
        if let last = waiting.indices.last, waiting[last].silentLosses == 0, waiting[last].replies.count < nextLimit {
            waiting[last].replies += replies
        } else {
            waiting.append(Group(replies: replies))
        }
    }

    /// What to send now; `nil` if nothing is waiting, or something is in flight.
    package mutating func next() -> [AMQPMessage]? {
        guard underWay == nil, var group = waiting.popFirst() else { return nil }
        if group.replies.count > nextLimit {
            waiting.prepend(Group(replies: Array(group.replies[nextLimit...]), silentLosses: group.silentLosses))
            group.replies.removeSubrange(nextLimit...)
        }
        underWay = group
        return group.replies.map(\.message)
    }

    /// Each reply in flight was answered, or the wait for it is over.
    package mutating func answered() -> [PendingReply] {
        defer { underWay = nil }
        nextLimit = min(nextLimit * 2, Self.groupLimit)
        return underWay?.replies ?? []
    }

    /// The connection was lost with replies in flight.
    ///
    /// - Parameter unknown: the places of those that the broker had not answered.
    /// - Returns: those that it had answered, and the cause of the loss, if that is certain now.
    package mutating func lost(_ unknown: [Int], by loss: Loss) -> (settled: [PendingReply], culprit: PendingReply?) {
        guard let group = underWay else { return ([], nil) }
        underWay = nil
        let places = Set(unknown)
        let settled = group.replies.indices.filter { !places.contains($0) }.map { group.replies[$0] }
        let suspects = unknown.map { group.replies[$0] }
        var silentLosses = group.silentLosses
        switch loss {
        case .refused: break
        case .broken:
            silentLosses += 1
            if silentLosses < Self.silentLosses {
                if !suspects.isEmpty { waiting.prepend(Group(replies: suspects, silentLosses: silentLosses)) }
                return (settled, nil)
            }
        }
        if suspects.count <= 1 {
            nextLimit = 1
            return (settled, suspects.first)
        }
        let middle = suspects.count / 2
        waiting.prepend(Group(replies: Array(suspects[middle...])))
        waiting.prepend(Group(replies: Array(suspects[..<middle])))
        return (settled, nil)
    }

    /// Removes replies that have waited too long.
    package mutating func removeOverdue(now: NIODeadline) -> [PendingReply] {
        var overdue: [PendingReply] = []
        for index in waiting.indices {
            overdue += waiting[index].replies.filter { $0.deadline <= now }
            waiting[index].replies.removeAll { $0.deadline <= now }
        }
        waiting.removeAll { $0.replies.isEmpty }
        return overdue
    }

    /// Removes everything. Answers to replies in flight no longer matter.
    package mutating func removeAll() -> [PendingReply] {
        defer {
            waiting.removeAll()
            underWay = nil
        }
        return waiting.flatMap(\.replies) + (underWay?.replies ?? [])
    }
}
