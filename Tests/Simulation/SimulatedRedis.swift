import SessionCore
import SessionStorage

/// A Redis in virtual time: the in-memory twin behind links that are slow, break, or answer late or never, with a clock
/// that steps and a lagging replica.
final class SimulatedRedis {
    /// A connection: each lane has its own.
    final class Port {
        let life: Int
        /// Its own among all there ever were.
        let number: Int
        fileprivate let request: Agenda.Link
        fileprivate let answer: Agenda.Link
        /// Where every order is tried, what clears is on its way beside the rest: it is never waited for.
        fileprivate let clearing: Agenda.Link
        private var lastNumber = 0
        /// Of the lane among its worker's.
        var place = -1

        init(life: Int, number: Int, on agenda: Agenda) {
            self.life = life
            self.number = number
            request = agenda.makeLink()
            answer = agenda.makeLink()
            clearing = agenda.makeLink()
        }

        fileprivate func nextNumber() -> Int {
            lastNumber += 1
            return lastNumber
        }

        fileprivate func digest(_ step: PipelineStep, _ content: Digest) -> Digest {
            var digest = Digest(place, step.rawValue)
            digest.append(content)
            return digest
        }
    }

    /// What a replica may contain: the contents at some moment, and how many commits they include.
    private struct Snapshot {
        let contents: InMemoryContents
        let commits: Int
    }

    unowned let world: World
    private(set) var contents = InMemoryContents(inboxSeconds: 3600)
    private var offset: Int64 = 0
    private var awayUntil = -1
    private var refusesWritesUntil = -1
    private var commitCount = 0
    private var snapshots: [Snapshot] = []
    /// Whether acknowledged writes may be lost. Only then are snapshots kept.
    var mayFailOver = false
    private(set) var eventIDs: [OutboxEntry.Reference: String] = [:]

    init(_ world: World) {
        self.world = world
    }

    /// `TIME`. Far from the epoch, so that stepping back stays valid.
    var time: Timestamp {
        Timestamp(milliseconds: 1_800_000_000_000 + Int64(world.agenda.now / 1000) + offset)
    }

    /// Sends a request to the store.
    ///
    /// - Parameters:
    ///   - content: what it asks for, where every order is tried.
    ///   - isStale: whether it would be refused now, since others have written.
    ///   - isWrite: whether nothing of it is done while writes are refused.
    ///   - refusedWhole: what is answered then; `nil` where that is an error for all of it.
    ///   - effect: what happens at the store.
    ///   - answer: what the worker is told; not called where it has died.
    func ask<Answer>(
        _ step: PipelineStep, of worker: SimulatedWorker, over port: Port, isWrite: Bool,
        refusedWhole: ((StoreError) -> Answer)? = nil, content: @autoclosure () -> Digest = Digest(),
        isStale: (() -> Bool)? = nil,
        _ effect: @escaping (inout InMemoryContents, Timestamp) -> Answer,
        answer: @escaping (Result<Answer, StoreError>) -> Void
    ) {
        let fault = world.strike(at: step, worker)
        if fault == .crash { return }
        func reply(_ result: Result<Answer, StoreError>, after delay: Int? = nil) {
            // Nobody else is involved between the store's effect and its answer.
            if world.isInstant { return worker.whenAwake(port.life, over: port.answer) { answer(result) } }
            world.agenda.send(over: port.answer, after: delay ?? world.latency()) {
                worker.whenAwake(port.life, over: port.answer) { answer(result) }
            }
        }
        let tooLate = 2_000_000
        let number = port.nextNumber()
        let isBeside = world.isInstant && step == .clear
        world.agenda.send(
            over: isBeside ? port.clearing : port.request, from: port.life, after: world.latency(),
            "\(port.number) asks redis: \(step) \(number)",
            port.digest(step, content()), isStale: isStale, kind: Self.kind(of: step, isWrite: isWrite)
        ) { [self] in
            let now = world.agenda.now
            if now < awayUntil {
                return reply(.failure(StoreError("Redis is away", .away, mayHaveHappened: false)), after: 200_000)
            }
            if isWrite, now < refusesWritesUntil {
                let error = StoreError("OOM", .writesRefused, mayHaveHappened: false)
                return reply(refusedWhole.map { .success($0(error)) } ?? .failure(error))
            }
            switch fault {
            case .refused:
                let error = StoreError("ERR simulated", .refused, mayHaveHappened: false)
                return reply(refusedWhole.map { .success($0(error)) } ?? .failure(error))
            case .lateEffect:
                world.agenda.after(world.pause(300_000...5_000_000)) { [self] in _ = carryOut(effect) }
                return reply(
                    .failure(StoreError("no answer in time", .away, mayHaveHappened: true)), after: tooLate)
            default: break
            }
            let result = carryOut(effect)
            switch fault {
            case .crashAfter: worker.crash()
            case .answerLost:
                reply(.failure(StoreError("no answer in time", .away, mayHaveHappened: true)), after: tooLate)
            case .slow: reply(.success(result), after: world.pause(300_000...1_900_000))
            default: reply(.success(result))
            }
        }
    }

    private static func kind(of step: PipelineStep, isWrite: Bool) -> Agenda.Kind {
        switch step {
        case .clear: .clear
        case .policies: .preparation
        // A load also claims message ids, and here each id belongs to one command. Nothing else of that step writes but the
        // count of deliveries.
        case .load: isWrite ? .count : .read
        default: isWrite ? .write : .read
        }
    }

    private func carryOut<Answer>(_ effect: (inout InMemoryContents, Timestamp) -> Answer) -> Answer {
        if mayFailOver {
            snapshots.append(Snapshot(contents: contents, commits: commitCount))
            if snapshots.count > 6 { snapshots.removeFirst() }
        }
        // Depends on the microsecond: if writes are lost, those that replace them reach another revision.
        if !world.isInstant { contents.revisionStep = Int64.random(in: 1...1_000_000, using: &world.random) }
        return effect(&contents, time)
    }

    fileprivate var isRefusingWrites: Bool { world.agenda.now < refusesWritesUntil }

    // MARK: - Faults

    func beAway(for microseconds: Int) {
        awayUntil = max(awayUntil, world.agenda.now + microseconds)
    }

    func refuseWrites(for microseconds: Int) {
        refusesWritesUntil = max(refusesWritesUntil, world.agenda.now + microseconds)
    }

    func stepClock(milliseconds: Int64) {
        offset += milliseconds
        world.note("Redis's clock steps by \(milliseconds) ms")
    }

    /// Lets a replica take over.
    func failOver() {
        guard let replica = snapshots.first else { return }
        let before = contents
        contents.loseWrites(since: replica.contents)
        let claims = before.claims.keys.filter { contents.claims[$0] == nil }.compactMap { world.messageIDs[$0] }
        let lost = Set(replica.commits..<commitCount)
        snapshots = []
        world.note("a replica takes over: commits \(lost.sorted()) and claims \(claims.sorted()) are lost")
        world.observe(.lost(commits: lost, claims: Set(claims)))
        world.noteLimit(in: contents)
        awayUntil = max(awayUntil, world.agenda.now + 300_000)
    }

    // MARK: - Commits

    /// Applies commits, and reports them to the checker.
    func commit(
        _ commits: [Commit], _ contents: inout InMemoryContents, _ now: Timestamp, lane: Int
    ) -> [(result: CommitResult, number: Int?)] {
        commits.map { commit in
            let result = contents.commit([commit], at: now)[0]
            guard case .applied(let references) = result else { return (result, nil) }
            defer { commitCount += 1 }
            for (event, reference) in zip(commit.events, references) { eventIDs[reference] = event.id }
            world.noteCommit(commit, number: commitCount, of: contents, lane: lane)
            return (result, commitCount)
        }
    }

    func clear(_ references: [OutboxEntry.Reference], _ contents: inout InMemoryContents) {
        contents.clear(references)
        world.observe(.cleared(events: references.compactMap { eventIDs[$0] }))
    }
}

extension Loaded {
    /// Leaves out what is too large, as Redis is not even asked for it.
    fileprivate func within(_ budget: LoadBudget, of world: World) -> Loaded {
        guard budget.each != .max, world.largeFrom != .max else { return self }
        let aggregates = aggregates.map { loaded in
            guard case .loaded(let aggregate) = loaded.state, aggregate.sessions.count >= world.largeFrom else {
                return loaded
            }
            return LoadedAggregate(state: .tooLarge(bytes: budget.each + 1))
        }
        return Loaded(now: now, revocations: revocations, aggregates: aggregates)
    }
}

// MARK: - What workers ask for

extension SimulatedRedis {
    func load(
        _ requests: [LoadRequest], _ budget: LoadBudget, _ step: PipelineStep, of worker: SimulatedWorker,
        over port: Port,
        answer: @escaping (Result<Loaded, StoreError>) -> Void
    ) {
        ask(
            step, of: worker, over: port, isWrite: false, content: digest(of: requests),
            { [self] contents, now in
                guard isRefusingWrites else { return contents.load(requests, at: now).within(budget, of: world) }
                // A claim is a write, and must not keep what is only read.
                let read = contents.load(requests.filter(\.messages.isEmpty), at: now)
                var aggregates = read.aggregates[...]
                let error = StoreError("OOM", .writesRefused, mayHaveHappened: false)
                return Loaded(
                    now: now, revocations: read.revocations,
                    aggregates: requests.map { request in
                        guard request.messages.isEmpty, let aggregate = aggregates.popFirst() else {
                            return LoadedAggregate(state: .refused(error))
                        }
                        return aggregate
                    }
                ).within(budget, of: world)
            }, answer: answer)
    }

    func commit(
        _ commits: [Commit], _ step: PipelineStep, of worker: SimulatedWorker, lane: Int, over port: Port,
        answer: @escaping (Result<[CommitResult], StoreError>) -> Void
    ) {
        ask(
            step, of: worker, over: port, isWrite: true,
            refusedWhole: { error in commits.map { _ in (result: CommitResult.refused(error), number: Int?.none) } },
            content: digest(of: commits), isStale: { [unowned self] in areStale(commits) },
            { [self] contents, now in commit(commits, &contents, now, lane: lane) },
            answer: { [self] result in
                if case .success(let done) = result {
                    for number in done.compactMap(\.number) { world.observe(.told(commit: number, lane: lane)) }
                }
                answer(result.map { $0.map(\.result) })
            })
    }

    func countDeliveries(
        _ names: [String], of worker: SimulatedWorker, over port: Port,
        answer: @escaping (Result<[Int64], StoreError>) -> Void
    ) {
        ask(
            .load, of: worker, over: port, isWrite: true, content: Digest(12, names.joined()),
            { contents, _ in
                contents.countDeliveries(of: names)
            }, answer: answer)
    }
}
