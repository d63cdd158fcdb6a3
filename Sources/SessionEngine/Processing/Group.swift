import SessionCore
import SessionStorage

/// Commands of a batch about the same aggregate.
struct Group {
    var request: LoadRequest
    var items: [BatchMember]

    init(_ item: BatchMember, _ need: Need) {
        request = LoadRequest(
            handle: need.handle, scope: need.scope, messages: item.work.message.map { [$0] } ?? [],
            activityOf: need.activityOf.map { [$0] } ?? [])
        items = [item]
    }

    /// Whether another command with this need fits into the group.
    func hasRoom(for need: Need, within room: BatchLimits.Room) -> Bool {
        guard items.count < room.commandsOfGroup else { return false }
        guard let session = need.activityOf, !request.activityOf.contains(session) else { return true }
        return request.activityOf.count < BatchLimits.activityLogs
    }

    /// Removes the commands that need a damaged record, each with the damage.
    mutating func takeDamaged(
        _ damage: PartialDamage, need: (Command, Work) -> Need?
    ) -> [(item: BatchMember, damage: DamagedRecord)] {
        var taken: [(item: BatchMember, damage: DamagedRecord)] = []
        items.removeAll { item in
            guard case .command(let command) = item.work.content, let need = need(command, item.work),
                let damage = damage.damage(
                    of: item.work.message, scope: need.scope, activityOf: need.activityOf)
            else { return false }
            taken.append((item, damage))
            return true
        }
        return taken
    }

    mutating func add(_ item: BatchMember, _ need: Need) {
        request.scope = request.scope.union(need.scope)
        if let session = need.activityOf, !request.activityOf.contains(session) { request.activityOf.append(session) }
        if let message = item.work.message, !request.messages.contains(message) { request.messages.append(message) }
        items.append(item)
    }
}

/// The outcome of a group's commands, before it is committed.
struct DecidedGroup {
    var completions: [(index: Int, Completion)] = []
    /// The events, with the index of the completion that caused them.
    var eventCounts: [(completionAt: Int, events: [OutgoingEvent])] = []
    /// The same events before they were serialised, to count them once they are stored.
    var events: [Event] = []
    /// `nil` if there is nothing to store.
    var commit: Commit?

    /// The completions, with their events and the events' positions in the outbox.
    func completed(with references: [OutboxEntry.Reference]) -> [(index: Int, Completion)] {
        var completions = completions
        var references = references[...]
        for (place, events) in eventCounts {
            let pending = events.map { event in
                guard let reference = references.popFirst() else {
                    preconditionFailure("a commit must return a reference for each event")
                }
                return Completion.PendingEvent(event: event, reference: reference)
            }
            completions[place].1 = completions[place].1.with(events: pending)
        }
        return completions
    }
}
