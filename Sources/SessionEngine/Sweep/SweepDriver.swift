package import SessionStorage

/// Runs passes over a store and a broker.
package struct SweepDriver<Store: SweepableStore, Publisher: EventPublisher>: Sendable {
    let store: Store
    let processor: CommandProcessor<Store>
    let publisher: Publisher
    /// This worker's name in leases.
    let owner: String

    package init(store: Store, processor: CommandProcessor<Store>, publisher: Publisher, owner: String) {
        self.store = store
        self.processor = processor
        self.publisher = publisher
        self.owner = owner
    }

    /// - Throws: `StoreError`, or an error of the publisher. Then the pass is over.
    package func run(_ pass: some SweepPass, through partition: Partition, _ memory: inout SweepMemory) async throws {
        var pass = pass
        var step = pass.begin()
        while let answer = try await answer(step, partition) { step = pass.handle(answer, &memory) }
    }

    /// `nil` once the pass is finished.
    private func answer(_ step: SweepStep, _ partition: Partition) async throws -> SweepAnswer? {
        switch step {
        case .lease(let purpose): return .leased(try await store.lease(partition, for: purpose, owner: owner))
        case .findLeft(let last, let limit):
            return .left(
                try await store.leftEvents(in: partition, olderThan: Relay.patience, after: last, limit: limit))
        case .findDue(let limit): return .due(try await store.dueSessions(in: partition, limit: limit))
        case .carryOut(let works): return .completed(try await processor.process(works))
        case .publish(let events): return .published(try await publisher.publish(events))
        case .clear(let references):
            try await store.clear(references)
            return .cleared
        case .postpone(let sessions, let seconds):
            try await store.postpone(sessions, seconds: seconds)
            return .postponed
        case .finished: return nil
        }
    }
}
