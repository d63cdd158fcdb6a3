import SessionCore
import SessionStorage

/// The commands of a round, grouped by aggregate.
struct Grouping {
    private(set) var groups: [Group] = []
    /// The commands that belong to no aggregate.
    private(set) var ungrouped: [BatchMember] = []
    /// The places of the commands that must wait, because the groups before them are full.
    private(set) var waiting: [Int] = []

    /// - Parameters:
    ///   - wide: the aggregates to load whole, whatever their commands seem to need.
    ///   - need: what has to be loaded for a command.
    init(
        _ items: [BatchMember], wide: Set<SubjectHandle>, within room: BatchLimits.Room,
        need: (Command, Work) -> Need?
    ) {
        // A single command has nothing to be grouped with.
        let isAlone = items.count == 1
        var places: [SubjectHandle: Int] = [:]
        if !isAlone { places.reserveCapacity(items.count) }
        var wholes = 0
        for item in items {
            guard case .command(let command) = item.work.content, let need = need(command, item.work) else {
                ungrouped.append(item)
                continue
            }
            if let place = places[need.handle] {
                if groups[place].hasRoom(for: need, within: room) {
                    groups[place].add(item, need)
                } else {
                    waiting.append(item.index)
                }
            } else if groups.count == room.groups || wholes == BatchLimits.wholeAggregates {
                waiting.append(item.index)
            } else {
                if !isAlone { places[need.handle] = groups.count }
                groups.append(Group(item, need))
                if wide.contains(need.handle) { groups[groups.count - 1].request.scope = .whole }
                if groups[groups.count - 1].request.scope == .whole { wholes += 1 }
            }
        }
    }
}
