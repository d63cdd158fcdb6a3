import SessionCore
import SessionStorage

/// Commands of one batch that are about one aggregate.
struct Group {
    var request: LoadRequest
    var items: [BatchMember]

    init(_ item: BatchMember, _ need: Need) {
        request = LoadRequest(
            handle: need.handle, scope: need.scope, messages: item.work.message.map { [$0] } ?? [],
            activityOf: need.activityOf.map { [$0] } ?? [])
        items = [item]
    }

    /// Whether one more command, with this need, is still to be carried out together with the others.
    func hasRoom(for need: Need, within room: BatchLimits.Room) -> Bool {
        guard items.count < room.commandsOfGroup else { return false }
        guard let session = need.activityOf, !request.activityOf.contains(session) else { return true }
        return request.activityOf.count < BatchLimits.activityLogs
    }

    /// Takes out the commands that need a damaged record, each with the damage.
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

/// What a group's commands came to, before it is committed.
struct DecidedGroup {
    var completions: [(index: Int, Completion)] = []
    /// The events, beside the completion that made each.
    var eventCounts: [(completionAt: Int, events: [OutgoingEvent])] = []
    /// `nil` where there is nothing to store.
    var commit: Commit?

    /// The completions, with their events where those now lie in the outbox.
    func completed(with references: [OutboxEntry.Reference]) -> [(index: Int, Completion)] {
        var completions = completions
        var references = references[...]
        for (place, events) in eventCounts {
            let pending = events.map { event in
                guard let reference = references.popFirst() else {
                    preconditionFailure("a commit gives a reference for each of its events")
                }
                return Completion.PendingEvent(event: event, reference: reference)
            }
            completions[place].1 = completions[place].1.with(events: pending)
        }
        return completions
    }
}
