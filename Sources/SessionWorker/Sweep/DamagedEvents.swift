import SessionStore
import Synchronization

/// The entries of outboxes that do not open and were told of: they stay where they are, and are found again every second.
final class DamagedEvents: Sendable {
    /// Who has more of them than this knows what is wrong.
    static let maxKnown = 1000

    private let known = Mutex<Set<OutboxEntry.Reference>>([])

    /// Whether this one was not told of yet; from now on it is.
    func isNew(_ entry: OutboxEntry.Reference) -> Bool {
        known.withLock { $0.count < Self.maxKnown && $0.insert(entry).inserted }
    }
}
