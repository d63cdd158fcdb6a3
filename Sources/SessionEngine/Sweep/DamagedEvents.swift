import SessionStorage

/// The entries of outboxes that do not open and were told of: they stay where they are, and are found again every second.
struct DamagedEvents {
    /// Who has more of them than this knows what is wrong.
    static let maxKnown = 1000

    private var known: Set<OutboxEntry.Reference> = []

    /// Whether this one was not told of yet; from now on it is.
    mutating func isNew(_ entry: OutboxEntry.Reference) -> Bool {
        known.count < Self.maxKnown && known.insert(entry).inserted
    }
}
