package import SessionCore

/// What was loaded.
package struct Loaded: Sendable {
    /// The store's clock, the only one that decisions use.
    package let now: Timestamp
    /// The mass revocations in force when the aggregates were read.
    package let revocations: StandingRevocations
    /// One per request, in order.
    package let aggregates: [LoadedAggregate]

    package init(now: Timestamp, revocations: StandingRevocations = .none, aggregates: [LoadedAggregate]) {
        self.now = now
        self.revocations = revocations
        self.aggregates = aggregates
    }
}

/// What was loaded of one aggregate, and of the messages that concern it.
package struct LoadedAggregate: Sendable {
    package enum State: Sendable {
        case loaded(Aggregate)
        /// A record's seal does not open, or its content is invalid. Names the key, never the content.
        case damaged(DamagedRecord)
        /// The store failed to load it.
        case refused(StoreError)
        /// Its size in bytes, which exceeds the budget.
        case tooLarge(bytes: Int)

        package func get() throws(StoreError) -> Aggregate {
            switch self {
            case .loaded(let aggregate): return aggregate
            case .damaged(let damage): throw StoreError(damage)
            case .refused(let error): throw error
            case .tooLarge(let bytes):
                throw StoreError("an aggregate of \(bytes) bytes was not loaded", .refused, mayHaveHappened: false)
            }
        }
    }

    package let state: State
    /// The results of messages that were carried out before.
    package var results: [MessageKey: StoredResult]
    /// The messages whose id was used before for another command or body.
    package var reused: Set<MessageKey>
    /// The requested activity, newest first.
    package var activity: [SessionID: [ActivityEntry]]
    /// Damaged records that leave the rest usable.
    package var damage = PartialDamage()

    package init(
        state: State, results: [MessageKey: StoredResult] = [:], reused: Set<MessageKey> = [],
        activity: [SessionID: [ActivityEntry]] = [:]
    ) {
        self.state = state
        self.results = results
        self.reused = reused
        self.activity = activity
    }
}
