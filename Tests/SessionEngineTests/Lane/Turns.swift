import NIOCore
import SessionCore
import SessionStorage
import Synchronization
import TestSupport

/// When an answer comes to a lane: drawn from a seed.
final class Turns: Sendable {
    private enum Turn: CaseIterable {
        case atOnce
        /// As the next thing that the event loop does, or nearly.
        case onLoop
        case byAnotherThread
    }

    private let eventLoop: any EventLoop
    private let other: any EventLoop
    private let random: Mutex<SeededRandom>

    init(of eventLoop: any EventLoop, other: any EventLoop, seed: UInt64) {
        self.eventLoop = eventLoop
        self.other = other
        random = Mutex(SeededRandom(seed: seed))
    }

    func number(in range: ClosedRange<Int>) -> Int {
        random.withLock { Int.random(in: range, using: &$0) }
    }

    private func draw() -> Turn {
        Turn.allCases[number(in: 0...Turn.allCases.count - 1)]
    }

    /// Does something on the event loop, now or later. Called on the event loop.
    func take(atOnce: Bool = true, _ action: @escaping @Sendable () -> Void) {
        switch draw() {
        case .atOnce where atOnce: action()
        case .atOnce, .onLoop: eventLoop.execute(action)
        case .byAnotherThread: other.execute { [eventLoop] in eventLoop.execute(action) }
        }
    }

    /// Returns now or later, from wherever.
    func wait() async {
        switch draw() {
        case .atOnce: return
        case .onLoop: await withCheckedContinuation { waiter in eventLoop.execute { waiter.resume() } }
        case .byAnotherThread: await withCheckedContinuation { waiter in other.execute { waiter.resume() } }
        }
    }
}

/// The store's twin, whose answers come now or later.
struct UnevenStore: LaneStore {
    let twin: InMemorySessionStore
    let turns: Turns

    func load(_ requests: [LoadRequest], budget: LoadBudget) async throws(StoreError) -> Loaded {
        let loaded = try await twin.load(requests, budget: budget)
        await turns.wait()
        return loaded
    }

    func commit(_ commits: [Commit]) async throws(StoreError) -> [CommitResult] {
        let results = try await twin.commit(commits)
        await turns.wait()
        return results
    }

    func clear(_ entries: [OutboxEntry.Reference]) async throws(StoreError) {
        try await twin.clear(entries)
        await turns.wait()
    }

    func release(_ messages: [MessageKey]) async throws(StoreError) {
        try await twin.release(messages)
        await turns.wait()
    }

    func countDeliveries(of names: [String]) async throws(StoreError) -> [Int64] {
        let counts = try await twin.countDeliveries(of: names)
        await turns.wait()
        return counts
    }
}
