import SessionContract
import SessionCore
import SessionStorage

/// One schedule of a small case.
final class Schedule {
    private let world: World
    private let `case`: Exhaustive.Case
    private var crashes: Int
    private var redeliveries: Int
    private var commits = Digest()
    /// What the broker took, and what was answered: each once, whenever it was.
    private var seen: Set<Digest> = []
    private var seenDigest = Digest()
    private var hasFollowed = false
    private var stopped = false

    init(_ case: Exhaustive.Case, crashes: Int, redeliveries: Int, isVerbose: Bool = false) {
        world = World(seed: 1, isVerbose: isVerbose)
        self.case = `case`
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

    /// Which of so many options comes next, given what it has come to; `nil` where that is known already. Without a digest it
    /// is a choice within a step.
    typealias Choose = (Int, (() -> Digest)?) -> Int?

    private enum Option {
        case arrival(Agenda.Arrival)
        /// Nothing else is on its way: who is to connect, or to start, does.
        case timer
        /// Nothing is left but what is shown to nobody who could do anything else.
        case flush
        case crash(SimulatedWorker, losingRequests: Bool)
        case disconnect(SimulatedWorker)
    }

    /// - Returns: whether it came to its end.
    func run(_ choose: @escaping Choose) -> Bool {
        var isUntouched = true
        world.chooseConsumer = { [unowned self] count in
            guard count > 1 else { return 0 }
            // Two workers of which neither has done anything are the same but for their names.
            if isUntouched {
                isUntouched = false
                return 0
            }
            return pick(count, choose)
        }
        while !stopped {
            if let next = world.agenda.arrivals.first(where: { isUnseen($0) }) {
                world.note("next, as in any order: \(next.label)")
                world.agenda.arrive(next.place)
                continue
            }
            let options = options
            guard let first = options.first else { return true }
            guard options.count > 1 else {
                follow(first, choose)
                continue
            }
            guard let choice = choose(options.count, { self.digest }) else { return false }
            switch options[choice] {
            case .crash, .disconnect: isUntouched = false
            case .arrival, .timer, .flush: break
            }
            follow(options[choice], choose)
        }
        return false
    }

    private func pick(_ count: Int, _ choose: Choose) -> Int {
        guard let choice = choose(count, nil) else {
            stopped = true
            return 0
        }
        return choice
    }

    /// Whether a message may arrive at once, since everything that is still to come shows the same before and behind it.
    private func isUnseen(_ arrival: Agenda.Arrival) -> Bool {
        switch arrival.commuting {
        case .nothing: false
        case .allButLoss: crashes == 0 && redeliveries == 0
        case .allButCrash: crashes == 0
        }
    }

    private var options: [Option] {
        let arrivals = world.agenda.arrivals
        var options = arrivals.filter { $0.commuting == .nothing }.map(Option.arrival)
        if options.isEmpty {
            if world.agenda.hasTimers, !world.broker.unfinished.isEmpty {
                options.append(.timer)
            } else if !arrivals.isEmpty {
                options.append(.flush)
            } else {
                return []
            }
        }
        for worker in world.workers where worker.life != 0 {
            if crashes > 0 {
                options.append(.crash(worker, losingRequests: true))
                if arrivals.contains(where: { $0.sender == worker.life && $0.commuting == .nothing }) {
                    options.append(.crash(worker, losingRequests: false))
                }
            }
            if redeliveries > 0, worker.hasDeliveries { options.append(.disconnect(worker)) }
        }
        return options
    }

    private func follow(_ option: Option, _ choose: Choose) {
        switch option {
        case .arrival(let arrival):
            world.note("next: \(arrival.label)")
            world.agenda.arrive(arrival.place)
        case .timer: _ = world.agenda.step()
        case .flush:
            while let next = world.agenda.arrivals.first {
                world.note("next, at last: \(next.label)")
                world.agenda.arrive(next.place)
            }
        case .crash(let worker, let losingRequests): crash(worker, losingRequests: losingRequests, choose)
        case .disconnect(let worker):
            redeliveries -= 1
            world.note("--- worker \(worker.number) loses its connections")
            decide(worker.life, choose) { $0 == .allButLoss }
            worker.disconnect()
        }
    }

    private func crash(_ worker: SimulatedWorker, losingRequests: Bool, _ choose: Choose) {
        crashes -= 1
        world.note("--- worker \(worker.number) crashes\(losingRequests ? ", and what it asked for is lost" : "")")
        let life = worker.life
        decide(life, choose) { $0 != .nothing }
        worker.crash(isSeenAtOnce: true)
        if losingRequests { world.agenda.drop(from: life) }
    }

    /// What nobody has seen arrive so far: decides of each whether it did, or is lost, and with it what was sent behind it.
    private func decide(_ life: Int, _ choose: Choose, _ isMeant: (Agenda.Commuting) -> Bool) {
        while let next = world.agenda.arrivals.first(where: { $0.sender == life && isMeant($0.commuting) }) {
            if pick(2, choose) == 0 {
                world.note("it had: \(next.label)")
                world.agenda.arrive(next.place)
            } else {
                world.agenda.drop(over: next.link)
            }
        }
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
            for message in commit.messages { commits.append(message) }
            commits.append(commit.events.count)
            commits.append(commit.sessions.count(where: \.isLiving))
        case .taken(let publication): see(digest(publication))
        case .answered(let answer):
            see(Digest(answer.number, "\(answer.status) \(answer.code ?? "")"))
            sendFollowing(answer)
        // These follow from what lanes have been told, and that from what they are.
        case .sent, .delivered, .told, .confirmed, .acknowledged, .cleared: break
        case .lost, .protocolError, .leaked, .replyLost: see(Digest(7))
        }
    }

    private func see(_ digest: Digest) {
        if seen.insert(digest).inserted { seenDigest.add(digest) }
    }

    /// Sends what is sent once there is an answer.
    private func sendFollowing(_ answer: Answer) {
        guard let following = `case`.following, !hasFollowed, following.isBehind(answer) else { return }
        hasFollowed = true
        let known = world.client.firstSession
        world.client.send(following.commands(known.id, known.session, known.refresh))
    }

    private func digest(_ publication: Publication) -> Digest {
        switch publication {
        case .copy(let number, let isRefused): return Digest(1, number, isRefused ? 1 : 0)
        case .event(let id, _, let isRefused):
            var digest = Digest(isRefused ? 2 : 3)
            digest.append(world.name(ofEvent: id))
            return digest
        case .quarantine(let number, _): return Digest(4, number)
        }
    }

    /// What it has come to: whoever has the same goes on the same way, and the checker finds the same, but for names.
    ///
    /// Names are whatever is drawn (ids, tokens), and the numbers of workers, lanes, connections and deliveries. What a lane
    /// does next follows from what it has been told since it last had nothing to do, from what it holds, and from what it
    /// has on its way; what the store has from which messages it committed, in their order. Two workers may change places.
    /// Of one that is no more only what it had sent is left.
    private var digest: Digest {
        var digest = Digest(crashes, redeliveries, hasFollowed ? 1 : 0)
        digest.append(commits)
        digest.append(seenDigest)
        digest.append(world.agenda.timers)
        var onTheWay = world.agenda.onTheWay
        var workers = Digest()
        for worker in world.workers {
            var one = Digest(worker.life == 0 ? 0 : 1)
            for lane in worker.lanes { one.append(lane?.told ?? Digest(-1)) }
            if worker.life != 0 { one.append(onTheWay.removeValue(forKey: worker.life) ?? Digest()) }
            for queue in Topology.CommandQueue.allCases {
                for consumer in world.broker.consumers
                where consumer.connection.life == worker.life && consumer.queue == queue {
                    one.append(queue.rawValue)
                    for (_, message) in consumer.unacknowledged { Self.append(message, to: &one) }
                }
            }
            workers.add(one)
        }
        digest.append(workers)
        var others = Digest()
        for (_, content) in onTheWay { others.add(content) }
        digest.append(others)
        for queue in Topology.CommandQueue.allCases {
            digest.append(queue.rawValue)
            for message in world.broker.ready[queue] ?? [] { Self.append(message, to: &digest) }
        }
        var stored = Digest()
        for name in world.redis.contents.claims.keys { stored.add(Digest(1, name)) }
        for record in world.redis.contents.outbox { stored.add(world.name(ofEvent: record.event.id)) }
        digest.append(stored)
        return digest
    }

    private static func append(_ message: SimulatedBroker.Message, to digest: inout Digest) {
        digest.append(message.number)
        digest.append(message.deliveries)
    }
}
