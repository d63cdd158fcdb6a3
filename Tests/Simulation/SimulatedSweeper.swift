import AMQPNIO
import SessionCore
import SessionEngine
import SessionStorage

/// The background work of a worker: the reaper and the relay, once a second, over their own connections.
final class SimulatedSweeper {
    /// The same as `Sweeper.patience`.
    private static let patience: Duration = .seconds(10)
    private static let limit = 128

    private unowned let worker: SimulatedWorker
    private unowned let world: World
    private let life: Int
    private let number: Int
    private var connection: SimulatedBroker.Connection?
    /// Events that a queue refused, and when to try again.
    private var refusedUntil: [OutboxEntry.Reference: Int] = [:]

    init(_ worker: SimulatedWorker) {
        self.worker = worker
        world = worker.world
        life = worker.life
        number = worker.world.nextLane(of: worker.life)
    }

    private var owner: String { "life \(life)" }

    func start() {
        connection = world.broker.connect(worker, life: life) { [weak self] _ in
            guard let self, worker.life == life else { return }
            worker.after(world.pause(200_000...2_000_000)) { [weak self] in self?.start() }
        }
        pause()
    }

    private func pause() {
        let connection = connection
        worker.after(world.pause(750_000...1_250_000)) { [weak self] in
            guard let self, connection === self.connection, connection?.isOpen == true else { return }
            look()
        }
    }

    private func look() {
        ask(.sweep) { contents, now in
            contents.pendingWork(eventsOlderThan: Self.patience, at: now)
        } then: { [weak self] work in
            guard let self else { return }
            var rest = work.left.map { (partition: $0, isRelay: true) } + work.due.map { ($0, false) }
            func next() {
                guard !rest.isEmpty else { return self.pause() }
                let (partition, isRelay) = rest.removeFirst()
                if isRelay { relay(partition, then: next) } else { reap(partition, then: next) }
            }
            next()
        }
    }

    /// Sends a request to the store. If it fails, the sweep starts again.
    private func ask<Answer>(
        _ step: PipelineStep, _ effect: @escaping (inout InMemoryContents, Timestamp) -> Answer,
        then: @escaping (Answer) -> Void
    ) {
        world.redis.ask(step, of: worker, over: worker.port, isWrite: true, effect) { [weak self] result in
            switch result {
            case .success(let answer): then(answer)
            case .failure: self?.pause()
            }
        }
    }

    // MARK: - Relay

    private func relay(_ partition: Partition, then: @escaping () -> Void) {
        ask(.relay) { [owner] contents, now in
            contents.lease(partition, for: .outbox, owner: owner, at: now)
                ? contents.leftEvents(
                    in: partition, olderThan: Self.patience, after: nil, limit: Self.limit, at: now) : []
        } then: { [weak self] left in
            guard let self else { return }
            let events = left.compactMap { entry in
                if case .success(let event) = entry.event { (entry.reference, event) } else { nil }
            }
            let due = events.filter { (self.refusedUntil[$0.0] ?? 0) <= self.world.agenda.now }
            publish(due, step: .relay, then: then)
        }
    }

    private func publish(
        _ events: [(OutboxEntry.Reference, OutgoingEvent)], step: PipelineStep, then: @escaping () -> Void
    ) {
        guard !events.isEmpty, let connection else { return then() }
        let messages = events.map { worker.parts.outgoing.message(for: $0.1) }
        world.broker.publish(messages, over: connection) { [weak self] isOpen, outcomes in
            guard let self, isOpen else { return }
            var taken: [OutboxEntry.Reference] = []
            for (event, outcome) in zip(events, outcomes) {
                if outcome == .confirmed {
                    taken.append(event.0)
                } else {
                    refusedUntil[event.0] = world.agenda.now + 4_000_000
                }
            }
            guard !taken.isEmpty else { return then() }
            ask(step) { [world] contents, _ in
                world.redis.clear(taken, &contents)
            } then: { _ in
                then()
            }
        }
    }

    // MARK: - Reaper

    private func reap(_ partition: Partition, then: @escaping () -> Void) {
        ask(.reap) { [owner] contents, now in
            contents.lease(partition, for: .deadlines, owner: owner, at: now)
                ? contents.dueSessions(in: partition, limit: Self.limit, at: now) : []
        } then: { [weak self] due in
            guard let self, !due.isEmpty else { return then() }
            let process = BatchProcess(
                due.map { Work(name: nil, content: .command(Command(tenant: "", action: ExpireSession($0)))) })
            let run = Reaping(process)
            follow(run.process.begin(by: worker.parts.decider), of: run, then: then)
        }
    }

    private final class Reaping {
        var process: BatchProcess

        init(_ process: BatchProcess) { self.process = process }
    }

    private func follow(_ step: BatchProcess.Step, of run: Reaping, then: @escaping () -> Void) {
        let decider = worker.parts.decider
        switch step {
        case .verify(let tokens):
            follow(run.process.verified(tokens.map { _ in nil }, by: decider), of: run, then: then)
        case .sign(let claims):
            follow(run.process.signed(claims.map(SimulatedAccessTokens.sign), by: decider), of: run, then: then)
        case .load(let requests, _):
            world.redis.load(requests, .reap, of: worker, over: worker.port) { [weak self] result in
                self?.follow(run.process.loaded(result, by: decider), of: run, then: then)
            }
        case .commit(let commits):
            world.redis.commit(commits, .reap, of: worker, lane: number, over: worker.port) { [weak self] result in
                self?.follow(run.process.committed(result, by: decider), of: run, then: then)
            }
        case .release: follow(run.process.released(), of: run, then: then)
        case .finished:
            let events = run.process.completions.compactMap(\.self).flatMap(\.events)
            publish(events.map { ($0.reference, $0.event) }, step: .reap, then: then)
        }
    }
}
