import AMQPNIO
import DequeModule
import NIOCore

/// Finds the reply over which RabbitMQ closes a connection, and loses no other.
///
/// `reply_to` is the sender's, and RabbitMQ 3.10 decodes the address of a direct reply without care: one that it chokes
/// on costs the connection (541). Which those are nobody can tell beforehand, so they are tried: what was under way when a
/// connection was lost goes out again in halves, over a connection of its own, until a single reply is left that is lost
/// with its connection. A value: who holds it sends what ``next(now:)`` says, and tells what came of it.
struct ReplySearch {
    /// Replies that are sent together at first. More would be found in fewer steps where one in thousands is bad, and in
    /// more where many are.
    static let groupLimit = 32
    /// How often a group may lose its connection without a word of the broker before it counts as the reason: a broker
    /// that restarts takes connections with it, whatever was sent.
    static let silentLosses = 3

    /// Why a connection was lost with a group on its way.
    enum Loss {
        /// The broker closed it, and said so: something in the group may be the reason.
        case refused
        /// It broke.
        case broken
    }

    private struct Group {
        var replies: [PendingReply]
        var silentLosses = 0
    }

    private var waiting = Deque<Group>()
    private var underWay: Group?
    /// After one was found, others are likely: they go one by one until some have gone well.
    private var nextLimit = ReplySearch.groupLimit

    /// Whether there is nothing to send, and nothing under way.
    var isIdle: Bool { waiting.isEmpty && underWay == nil }

    mutating func add(_ replies: [PendingReply]) {
        guard !replies.isEmpty else { return }
        if let last = waiting.indices.last, waiting[last].silentLosses == 0, waiting[last].replies.count < nextLimit {
            waiting[last].replies += replies
        } else {
            waiting.append(Group(replies: replies))
        }
    }

    /// What to send now; `nil` if there is nothing, or something is on its way.
    mutating func next() -> [AMQPMessage]? {
        guard underWay == nil, var group = waiting.popFirst() else { return nil }
        if group.replies.count > nextLimit {
            waiting.prepend(Group(replies: Array(group.replies[nextLimit...]), silentLosses: group.silentLosses))
            group.replies.removeSubrange(nextLimit...)
        }
        underWay = group
        return group.replies.map(\.message)
    }

    /// The replies under way were answered for, each, or the wait for that is over.
    mutating func answered() -> [PendingReply] {
        defer { underWay = nil }
        nextLimit = min(nextLimit * 2, Self.groupLimit)
        return underWay?.replies ?? []
    }

    /// The connection was lost with replies on their way.
    ///
    /// - Parameter unknown: the places of those that the broker had not answered for.
    /// - Returns: those it had; and the one that it chokes on, if that is certain now.
    mutating func lost(_ unknown: [Int], by loss: Loss) -> (settled: [PendingReply], culprit: PendingReply?) {
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

    /// Takes out what has waited too long.
    mutating func removeOverdue(now: NIODeadline) -> [PendingReply] {
        var overdue: [PendingReply] = []
        for index in waiting.indices {
            overdue += waiting[index].replies.filter { $0.deadline <= now }
            waiting[index].replies.removeAll { $0.deadline <= now }
        }
        waiting.removeAll { $0.replies.isEmpty }
        return overdue
    }

    /// Takes out everything; what is on its way is answered for no more.
    mutating func removeAll() -> [PendingReply] {
        defer {
            waiting.removeAll()
            underWay = nil
        }
        return waiting.flatMap(\.replies) + (underWay?.replies ?? [])
    }
}
