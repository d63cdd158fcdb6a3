import SessionCore
import SessionStorage
import TestSupport

/// A run of many faults, all of it from one seed: `run(seed:)` twice gives the same history to the letter.
package enum SeededRun {
    package struct Report: Sendable {
        package let seed: UInt64
        package let violations: [Violation]
        package let matrix: FaultMatrix
        package let commands: Int
        /// What happened, line by line; empty unless requested.
        package let history: [String]
        /// What clients and consumers saw, as lines of JSON; empty unless requested.
        package var recorded: [String] = []
    }

    /// How long everything may take once nothing goes wrong and nothing is sent any more, in microseconds: the relay's patience, the longest
    /// pauses of who tries again, and a minute that copies are offered.
    private static let bound = 150_000_000

    package static func run(seed: UInt64, isVerbose: Bool = false, isRecorded: Bool = false) -> Report {
        let world = World(seed: seed, isVerbose: isVerbose)
        defer { world.tearDown() }
        prepare(world)
        if isRecorded { world.record() }
        world.startWorkers(Int.random(in: 2...3, using: &world.random))
        world.client.begin(Int.random(in: 6...26, using: &world.random), after: 300_000)
        var remains = settle(world)
        if remains.isNothing, seed % 4 == 0 {
            // Far beyond every deadline, so that the reaper ends all sessions, each with its event.
            world.redis.stepClock(milliseconds: 1_000_000)
            _ = settle(world, atLeast: 12_000_000)
            remains = settle(world)
        }
        if remains.isNothing {
            // What was revoked is over for good, and limits hold that were set meanwhile.
            world.client.askAboutAll()
            remains = settle(world)
        }
        world.finish(remains)
        return Report(
            seed: seed, violations: world.checker.violations, matrix: world.matrix, commands: world.client.count,
            history: world.history, recorded: world.recorded?.lines ?? [])
    }

    private static func prepare(_ world: World) {
        func pick<Element>(_ elements: [Element]) -> Element {
            elements[Int.random(in: elements.indices, using: &world.random)]
        }
        world.drawLatency()
        world.prefetch = pick([1, 2, 10, 500])
        world.heldBytes = pick([2_000, 1 << 20])
        world.largeFrom = pick([.max, .max, .max, 3])
        world.policy.maxSessions = pick([1, 2, 3])
        world.policy.onLimit = pick(SessionPolicy.LimitStrategy.allCases)
        world.policy.idleSeconds = pick([3, 10, 40])
        world.policy.absoluteSeconds = pick([60, 300])
        world.policy.refreshGraceSeconds = pick([0, 2, 10])
        world.policy.reauthenticationWindowSeconds = pick([0, 30])
        world.policy.endedSeconds = pick([20, 600])
        world.policy.maxDepth = 2
        world.policy.mfa.required = pick([.never, .never, .always])
        world.policy.mfa.pendingSeconds = 20
        world.faults = FaultPlan(turn: world.seed, using: &world.random)
        let steps = Set(world.faults.pending.map(\.step))
        if steps.contains(.reap) { world.policy.idleSeconds = 3 }
        world.client.revokesAll = steps.contains(.revocations) || world.seed % 16 == 5
        world.client.hasBadAddresses = steps.contains(.reply) || world.seed % 3 == 0
        world.client.expiresOften = steps.contains(.release)
        world.redis.mayFailOver = world.faults.pending.contains { $0.kind == .failOver }
    }

    /// Lets time pass until nothing is left to do, or the bound is reached behind the last fault and the last command.
    static func settle(_ world: World, atLeast: Int = 0) -> Checker.Remains {
        let begin = world.agenda.now
        while true {
            let end = world.agenda.now + 250_000
            while world.agenda.step(until: end) {}
            if world.agenda.now < end { world.agenda.wait(until: end) }
            guard world.client.isDone, end - begin >= atLeast else { continue }
            let remains = remains(of: world)
            if remains.isNothing { return remains }
            if world.agenda.now - max(world.lastFault, world.client.lastSent, begin) > bound { return remains }
        }
    }

    static func remains(of world: World) -> Checker.Remains {
        var remains = Checker.Remains()
        remains.messages = world.broker.unfinished
        remains.isDown = world.workers.filter { !$0.isServing }.map(\.number)
        guard remains.isNothing else { return remains }
        let contents = world.redis.contents
        let now = world.redis.time
        remains.outbox = contents.outbox.map(\.event.id)
        remains.revocations = contents.revocationProgress(at: now)?.standing.all.map { "\($0.at.milliseconds)" } ?? []
        remains.leases = contents.leases.filter { $0.value.until > now }.map(\.key).sorted()
        remains.overdue = contents.deadlines.filter { $0.value.milliseconds < now.milliseconds - 5000 }
            .map(\.key.text).sorted()
        return remains
    }
}
