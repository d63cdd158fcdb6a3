import SessionStorage

/// Outbox entries that cannot be opened and were reported. They stay in place, and are found again every second.
struct DamagedEvents {
    /// Beyond this many, another report tells an operator nothing new.
    static let maxKnown = 1000

    private var known: Set<OutboxEntry.Reference> = []

    /// Whether this entry has not been reported yet; from now on it has.
    mutating func isNew(_ entry: OutboxEntry.Reference) -> Bool {
        known.count < Self.maxKnown && known.insert(entry).inserted
    }
}
