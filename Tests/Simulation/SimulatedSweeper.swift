import AMQPNIO
import SessionCore
import SessionEngine
import SessionStorage
import TestSupport

/// What a worker does that nobody waits for, once a second, over a connection of its own: the product's own relay and
/// reaper, and beside them its drain of mass revocations.
final class SimulatedSweeper {
    private unowned let worker: SimulatedWorker
    private unowned let world: World
    private let life: Int
    private let waiting: SweepWaiting
    private let clock: VirtualClock
    private var random: SeededRandom
    private var connection: SimulatedBroker.Connection?

    init(_ worker: SimulatedWorker) {
        self.worker = worker
        world = worker.world
        life = worker.life
        waiting = SweepWaiting(of: worker, on: VirtualExecutor(), lane: worker.world.nextLane(of: worker.life))
        clock = VirtualClock(worker.world.agenda)
        random = SeededRandom(seed: worker.world.seed &* 6_364_137 &+ UInt64(worker.life))
    }

    private var owner: String { "life \(life)" }

    func start() {
        guard !waiting.isOver else { return }
        let connection = world.broker.connect(worker, life: life) { [weak self] _ in
            guard let self, worker.life == life else { return }
            worker.after(world.pause(200_000...2_000_000)) { [weak self] in self?.start() }
        }
        self.connection = connection
        sweepRepeatedly(
            SweepRun(SweepMemory(logger: World.silent, clock: clock.read, random: nextRandom())), connection)
        drainRepeatedly(connection)
    }

    /// The worker dies, or stops to sweep.
    func end() {
        waiting.end()
    }

    private func nextRandom() -> SeededRandom { SeededRandom(seed: random.next()) }

    // MARK: Two things at once

    private func sweepRepeatedly(_ run: SweepRun, _ connection: SimulatedBroker.Connection) {
        pause(over: connection) { sweeper in
            let (waiting, owner) = (sweeper.waiting, sweeper.owner)
            let parts = sweeper.waiting.parts
            sweeper.doNow(over: connection) {
                let work = try await SimulatedSweepStore(step: .sweep, waiting: waiting).pendingWork(
                    eventsOlderThan: Relay.patience)
                func driver(_ step: PipelineStep) -> SweepDriver<SimulatedSweepStore, SimulatedEventPublisher> {
                    let store = SimulatedSweepStore(step: step, waiting: waiting)
                    return SweepDriver(
                        store: store, processor: parts.processor(store),
                        publisher: SimulatedEventPublisher(step: step, waiting: waiting, connection: connection),
                        owner: owner)
                }
                for partition in work.left {
                    try await attempt { try await driver(.relay).run(Relay(), through: partition, &run.memory) }
                }
                for partition in work.due {
                    try await attempt { try await driver(.reap).run(Reaper(), through: partition, &run.memory) }
                }
            } then: { sweeper in
                sweeper.sweepRepeatedly(run, connection)
            }
        }
    }

    private func drainRepeatedly(_ connection: SimulatedBroker.Connection) {
        pause(over: connection) { sweeper in
            let seed = sweeper.random.next()
            let store = SimulatedSweepStore(step: .revocations, waiting: sweeper.waiting)
            let drain = RevocationDrain(
                store: store, processor: sweeper.waiting.parts.processor(store),
                publisher: SimulatedEventPublisher(
                    step: .revocations, waiting: sweeper.waiting, connection: connection),
                owner: sweeper.owner, logger: World.silent, makeRandom: { SeededRandom(seed: seed) })
            sweeper.doNow(over: connection) {
                while try await drain.run({ _, walk in try await attempt(walk) }) {}
            } then: { sweeper in
                sweeper.drainRepeatedly(connection)
            }
        }
    }

    private func pause(over connection: SimulatedBroker.Connection, _ next: @escaping (SimulatedSweeper) -> Void) {
        worker.after(world.pause(750_000...1_250_000)) { [weak self] in
            guard let self, !waiting.isOver, connection === self.connection, connection.isOpen else { return }
            next(self)
        }
    }

    /// Runs work of the product now, as far as it comes, and later as its answers come.
    private func doNow(
        over connection: SimulatedBroker.Connection, _ work: @escaping () async throws -> Void,
        then next: @escaping (SimulatedSweeper) -> Void
    ) {
        waiting.perform(work) { [weak self] isWell in
            guard let self, !waiting.isOver, connection === self.connection else { return }
            // What fails begins anew over another connection.
            if isWell { next(self) } else { world.broker.close(connection, because: Self.interrupted) }
        }
    }

    private static let interrupted = AMQPError(.connectionClosed, "the sweep was interrupted")
}

/// A partition whose store refuses does not keep the others waiting.
private func attempt(_ sweep: () async throws -> Void) async throws {
    do {
        try await sweep()
    } catch let error as StoreError where error.cause == .refused {
        return
    }
}

/// What is kept from pass to pass over one connection.
private final class SweepRun: @unchecked Sendable {
    // Unchecked, and right: a simulation is of one thread.
    var memory: SweepMemory

    init(_ memory: SweepMemory) { self.memory = memory }
}

/// The virtual time as the product reads it.
private struct VirtualClock: @unchecked Sendable {
    // Unchecked, and right: a simulation is of one thread.
    private static let begin = ContinuousClock.now
    private let agenda: Agenda

    init(_ agenda: Agenda) { self.agenda = agenda }

    var read: @Sendable () -> ContinuousClock.Instant {
        { Self.begin + .microseconds(agenda.now) }
    }
}
