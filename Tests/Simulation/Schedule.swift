import SessionContract
import SessionCore
import SessionStorage

/// One schedule of a small case.
final class Schedule {
    private let world: World
    private var crashes: Int
    private var redeliveries: Int
    private var seen = Digest()
    private var commits = Digest()
    private var stopped = false

    init(_ case: Exhaustive.Case, crashes: Int, redeliveries: Int, isVerbose: Bool = false) {
        world = World(seed: 1, isVerbose: isVerbose)
        self.crashes = crashes
        self.redeliveries = redeliveries
        world.isInstant = true
        world.sweeps = false
        world.retries = false
        world.policy.maxSessions = `case`.maxSessions
        world.startWorkers(2)
        while world.agenda.step(until: 1_000_000) {}
        if `case`.subjectHasSession { world.client.send([("session.create", ["subject": .string("alice")])]) }
        while world.agenda.step(until: 2_000_000) {}
        world.agenda.isChosen = true
        world.onObservation = { [unowned self] in note($0) }
        let known = world.client.firstSession
        world.chooseConsumer = { _ in 0 }
        world.client.send(`case`.commands(known.id, known.session, known.refresh))
    }

    var history: [String] { world.history }

    /// - Parameter choose: chooses one of `count` options, given the digest of the state; `nil` if the state was
    ///   reached before. Without a digest, it is a choice within a step.
    /// - Returns: whether the schedule was completed.
    func run(_ choose: @escaping (Int, (() -> Digest)?) -> Int?) -> Bool {
        world.chooseConsumer = { [unowned self] count in
            guard count > 1 else { return 0 }
            guard let choice = choose(count, nil) else {
                stopped = true
                return 0
            }
            return choice
        }
        while !stopped {
            let arrivals = world.agenda.arrivals
            if arrivals.isEmpty {
                if world.broker.unfinished.isEmpty || !world.agenda.step() { return true }
                continue
            }
            let alive = world.workers.filter { $0.life != 0 }
            let crashing = crashes > 0 ? alive : []
            let losing = redeliveries > 0 ? alive.filter(\.hasDeliveries) : []
            let count = arrivals.count + 2 * crashing.count + losing.count
            guard let choice = count == 1 ? 0 : choose(count, { self.digest }) else { return false }
            if choice < arrivals.count {
                world.note("next: \(arrivals[choice].label)")
                world.agenda.arrive(arrivals[choice].place)
            } else if choice < arrivals.count + 2 * crashing.count {
                crash(crashing[(choice - arrivals.count) / 2], losingAll: (choice - arrivals.count) % 2 == 0)
            } else {
                redeliveries -= 1
                let worker = losing[choice - arrivals.count - 2 * crashing.count]
                world.note("--- worker \(worker.number) loses its connections")
                worker.disconnect()
            }
        }
        return false
    }

    private func crash(_ worker: SimulatedWorker, losingAll: Bool) {
        crashes -= 1
        world.note("--- worker \(worker.number) crashes\(losingAll ? ", and its messages in flight are lost" : "")")
        let life = worker.life
        worker.crash(isSeenAtOnce: true)
        if losingAll { world.agenda.drop(from: life) }
    }

    /// Returns to virtual time after a complete schedule, and returns the violations.
    func end(isWhole: Bool) -> [Violation] {
        defer { world.tearDown() }
        guard isWhole else { return world.checker.violations }
        world.onObservation = nil
        world.chooseConsumer = nil
        world.agenda.endChoice()
        world.sweeps = true
        for worker in world.workers { worker.sweep() }
        world.finish(SeededRun.settle(world))
        return world.checker.violations
    }

    private func note(_ observation: Observation) {
        switch observation {
        case .committed(let commit):
            commits.append(commit.lane)
            for message in commit.messages { commits.append(message) }
            for event in commit.events { commits.append(event.id) }
            commits.append(commit.sessions.count)
        case .sent: break
        case .delivered(let number, let lane): seen.add(Digest(1, number, lane))
        case .told(let commit, let lane): seen.add(Digest(2, commit, lane))
        case .taken(let publication): seen.add(Self.digest(3, publication))
        case .confirmed(let publication, let lane): seen.add(Self.digest(100 + lane, publication))
        case .acknowledged(let number, let lane): seen.add(Digest(4, number, lane))
        case .answered(let answer): seen.add(Digest(5, "\(answer.number) \(answer.status) \(answer.code ?? "")"))
        case .cleared(let events): for event in events { seen.add(Digest(6, event)) }
        case .lost, .protocolError, .leaked: seen.add(Digest(7))
        }
    }

    private static func digest(_ tag: Int, _ publication: Publication) -> Digest {
        switch publication {
        case .copy(let number, let isRefused): Digest(tag, 1, number, isRefused ? 1 : 0)
        case .event(let id, _, let isRefused): Digest(tag, (isRefused ? "refused " : "") + id)
        case .quarantine(let number, _): Digest(tag, 2, number)
        }
    }

    /// The digest of the current state.
    private var digest: Digest {
        var digest = Digest(crashes, redeliveries)
        digest.append(commits)
        digest.append(seen)
        digest.append(world.agenda.digest)
        for worker in world.workers {
            digest.append(worker.life)
            for lane in worker.lanes { digest.append(lane?.told ?? Digest()) }
        }
        var queues = Digest()
        for queue in Topology.CommandQueue.allCases {
            var one = Digest(1, queue.rawValue)
            for message in world.broker.ready[queue] ?? [] {
                one.append(message.number)
                one.append(message.deliveries)
            }
            queues.append(one)
        }
        var held = Digest()
        for consumer in world.broker.consumers {
            var one = Digest(consumer.connection.number)
            one.append(consumer.queue.rawValue)
            for (tag, message) in consumer.unacknowledged {
                one.append(tag)
                one.append(message.number)
            }
            held.add(one)
        }
        digest.append(queues)
        digest.append(held)
        var stored = Digest()
        for name in world.redis.contents.claims.keys { stored.add(Digest(1, name)) }
        for record in world.redis.contents.outbox { stored.add(Digest(2, record.event.id)) }
        digest.append(stored)
        return digest
    }
}
