import AMQPNIO
import SessionCore
import SessionEngine
import SessionStorage

/// What the product's sweeps of one life of a worker wait for: an answer comes in virtual time, or the worker dies first.
final class SweepWaiting: @unchecked Sendable {
    // Unchecked, and right: a simulation is of one thread.
    unowned let world: World
    unowned let worker: SimulatedWorker
    let life: Int
    let executor: VirtualExecutor
    /// Commits are told apart by it.
    let lane: Int
    private(set) lazy var parts = WorkerParts(number: lane, policies: worker.policies, in: world)
    let port: SimulatedRedis.Port
    private var lastNumber = 0
    /// What is done to those that wait when there is nothing to wait for any more.
    private var waiting: [Int: () -> Void] = [:]
    private(set) var isOver = false

    init(of worker: SimulatedWorker, on executor: VirtualExecutor, lane: Int) {
        self.worker = worker
        world = worker.world
        life = worker.life
        self.executor = executor
        self.lane = lane
        port = SimulatedRedis.Port(life: worker.life, number: lane, on: worker.world.agenda)
    }

    /// Asks for something, and goes on with the answer.
    func answer<Answer: Sendable>(
        orElse missing: Answer, _ ask: (_ answer: @escaping (Answer) -> Void) -> Void
    ) async -> Answer {
        guard !isOver else { return missing }
        return await withCheckedContinuation { continuation in
            lastNumber += 1
            let number = lastNumber
            waiting[number] = { continuation.resume(returning: missing) }
            ask { [self] answer in
                guard waiting.removeValue(forKey: number) != nil else { return }
                continuation.resume(returning: answer)
                executor.run()
            }
        }
    }

    /// Runs work of the product now, as far as it comes, and later as its answers come.
    ///
    /// - Parameter next: called with whether nothing was thrown.
    func perform(_ work: @escaping () async throws -> Void, then next: @escaping (Bool) -> Void) {
        let work = SweepWork(begin: work, end: next)
        Task(executorPreference: executor) {
            do {
                try await work.begin()
                work.end(true)
            } catch {
                work.end(false)
            }
        }
        executor.run()
    }

    /// Nothing that is waited for comes any more.
    func end() {
        isOver = true
        let waiting = waiting.sorted { $0.key < $1.key }
        self.waiting = [:]
        for (_, giveUp) in waiting { giveUp() }
        executor.run()
    }
}

private struct SweepWork: @unchecked Sendable {
    // Unchecked, and right: a simulation is of one thread.
    let begin: () async throws -> Void
    let end: (Bool) -> Void
}

/// The simulated store as the product's sweeps see it.
struct SimulatedSweepStore: SweepableStore {
    /// What the sweep is at, for faults to strike there.
    let step: PipelineStep
    let waiting: SweepWaiting

    private static let died = StoreError("the worker is no more", .away, mayHaveHappened: true)

    private func ask<Answer: Sendable>(
        _ step: PipelineStep? = nil, isWrite: Bool = true,
        _ effect: @escaping (inout InMemoryContents, Timestamp) -> Answer
    ) async throws(StoreError) -> Answer {
        let answer: Result<Answer, StoreError> = await waiting.answer(orElse: .failure(Self.died)) { answer in
            waiting.world.redis.ask(
                step ?? self.step, of: waiting.worker, over: waiting.port, isWrite: isWrite, effect,
                answer: answer)
        }
        return try answer.get()
    }

    func load(_ requests: [LoadRequest], budget: LoadBudget) async throws(StoreError) -> Loaded {
        let answer: Result<Loaded, StoreError> = await waiting.answer(orElse: .failure(Self.died)) { answer in
            waiting.world.redis.load(
                requests, budget, step, of: waiting.worker, over: waiting.port, answer: answer)
        }
        return try answer.get()
    }

    func commit(_ commits: [Commit]) async throws(StoreError) -> [CommitResult] {
        let answer: Result<[CommitResult], StoreError> = await waiting.answer(orElse: .failure(Self.died)) { answer in
            waiting.world.redis.commit(
                commits, step, of: waiting.worker, lane: waiting.lane, over: waiting.port, answer: answer)
        }
        return try answer.get()
    }

    func clear(_ entries: [OutboxEntry.Reference]) async throws(StoreError) {
        let redis = waiting.world.redis!
        try await ask { contents, _ in redis.clear(entries, &contents) }
    }

    func release(_ messages: [MessageKey]) async throws(StoreError) {
        try await ask { contents, _ in contents.release(messages) }
    }

    func pendingWork(eventsOlderThan age: Duration) async throws(StoreError) -> PendingWork {
        try await ask(isWrite: false) { contents, now in contents.pendingWork(eventsOlderThan: age, at: now) }
    }

    func postpone(_ sessions: [SessionID], seconds: Int) async throws(StoreError) {
        try await ask { contents, now in contents.postpone(sessions, seconds: seconds, at: now) }
    }

    func dueSessions(in partition: Partition, limit: Int) async throws(StoreError) -> [SessionID] {
        try await ask(isWrite: false) { contents, now in contents.dueSessions(in: partition, limit: limit, at: now) }
    }

    func leftEvents(
        in partition: Partition, olderThan age: Duration, after last: OutboxEntry.Reference?, limit: Int
    ) async throws(StoreError) -> [LeftEvent] {
        try await ask(isWrite: false) { contents, now in
            contents.leftEvents(in: partition, olderThan: age, after: last, limit: limit, at: now)
        }
    }

    /// A partition without sessions counts as walked through at this moment: there are 256, and two or three subjects.
    func revocationProgress() async throws(StoreError) -> RevocationProgress? {
        try await ask(.sweep, isWrite: false) { contents, now in
            guard let progress = contents.revocationProgress(at: now) else { return nil }
            let inhabited = Set(contents.deadlines.keys.map { Partition(of: $0.handle) })
            for partition in progress.outstanding where !inhabited.contains(partition) {
                contents.recordWalk(through: partition, begunAt: now)
            }
            return contents.revocationProgress(at: now)
        }
    }

    func subjects(in partition: Partition, from page: String?) async throws(StoreError) -> SubjectPage {
        try await ask(isWrite: false) { contents, now in contents.subjects(in: partition, at: now) }
    }

    func recordWalk(through partition: Partition, begunAt moment: Timestamp) async throws(StoreError) {
        try await ask { contents, _ in contents.recordWalk(through: partition, begunAt: moment) }
    }

    func lease(
        _ partition: Partition, for purpose: LeasePurpose, owner: String
    ) async throws(StoreError) -> Bool {
        try await ask { contents, now in contents.lease(partition, for: purpose, owner: owner, at: now) }
    }
}

/// The simulated broker as the product's sweeps see it.
struct SimulatedEventPublisher: EventPublisher, @unchecked Sendable {
    // Unchecked, and right: a simulation is of one thread.
    let step: PipelineStep
    let waiting: SweepWaiting
    let connection: SimulatedBroker.Connection

    func publish(_ events: [OutgoingEvent]) async throws -> [PublishRefusal?] {
        guard !events.isEmpty else { return [] }
        let messages = events.map { waiting.parts.outgoing.message(for: $0) }
        let lost = AMQPError(.connectionClosed, "the worker is no more")
        let answer = await waiting.answer(orElse: (false, messages.map { _ in .unknown(lost) })) { answer in
            waiting.world.broker.publish(messages, over: connection, step: step) { answer(($0, $1)) }
        }
        return try PublishRefusal.refusals(in: answer.1, of: events.count, isChannelOpen: answer.0)
    }
}
