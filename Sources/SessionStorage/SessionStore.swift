/// Stores aggregates and keeps the three promises everything rests on: a commit is atomic, a message has one effect,
/// and events are stored together with the state they report.
///
/// `RedisSessionStore` is the real store; `InMemorySessionStore` implements the same promises in a hundred lines, for
/// comparison.
package protocol SessionStore: Sendable {
    /// Loads these aggregates, in order, with the store's current time. One round trip.
    ///
    /// - Parameter budget: how many bytes to load. An aggregate that exceeds it is `tooLarge`: load it alone when there
    ///   is room for it.
    func load(_ requests: [LoadRequest], budget: LoadBudget) async throws(StoreError) -> Loaded

    /// Applies each commit atomically and independently of the others, in order. One round trip.
    func commit(_ commits: [Commit]) async throws(StoreError) -> [CommitResult]

    /// Removes published events from the outbox.
    func clear(_ entries: [OutboxEntry.Reference]) async throws(StoreError)

    /// Releases the claims that these deliveries made: they failed, and their messages may be sent again with another
    /// body. A claim of another delivery is left alone, as that delivery may be about to commit.
    func release(_ messages: [MessageKey]) async throws(StoreError)
}

extension SessionStore {
    /// Loads without a limit on size.
    package func load(_ requests: [LoadRequest]) async throws(StoreError) -> Loaded {
        try await load(requests, budget: .unlimited)
    }
}

/// What a lane needs from a store in addition to what commands need.
package protocol LaneStore: SessionStore {
    /// Counts one more redelivery of each of these messages and returns each one's total. For queues that do not count
    /// redeliveries themselves.
    func countDeliveries(of names: [String]) async throws(StoreError) -> [Int64]
}
