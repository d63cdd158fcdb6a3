import SessionContract
import SessionCore
import SessionStorage

/// One schedule of a small case.
final class Schedule {
    private let world: World
    private let `case`: Exhaustive.Case
    private let isReduced: Bool
    private var crashes: Int
    private var redeliveries: Int
    /// The messages that were committed, in their order.
    private var commits = Digest()
    /// How many commits, events and living sessions there are.
    private var counts = (commits: 0, emptyCommits: 0, events: 0, living: 0)
    /// What the broker took, and what was answered: each once, whenever it was.
    private var seen: Set<Digest> = []
    /// What was answered or may have been.
    private var maybeAnswered: Set<Digest> = []
    private var answers: Set<Digest> = []
    private var hasFollowed = false
    private var stopped = false

    init(_ case: Exhaustive.Case, _ search: Exhaustive.Settings, isVerbose: Bool = false) {
        world = World(seed: 1, isVerbose: isVerbose)
        self.case = `case`
        isReduced = search.isReduced
        crashes = search.crashes
        redeliveries = search.redeliveries
        world.isInstant = true
        world.mergesBatches = isReduced
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
        let commands = `case`.commands(known.id, known.session, known.refresh)
        // The last ones: those that end sessions are among them.
        world.client.send(Array(commands.suffix(search.commands)))
    }

    var history: [String] { world.history }

    /// What was stored in which order, and what was answered.
    var outcome: Digest {
        var digest = commits
        digest.append(counts.events)
        digest.append(counts.living)
        for answer in answers.sorted(by: { ($0.high, $0.low) < ($1.high, $1.low) }) { digest.append(answer) }
        return digest
    }

    /// Which of so many options comes next, given what it has come to; `nil` where that is known already. Without a digest it
    /// is a choice within a step.
    typealias Choose = (Int, (() -> Digest)?) -> Int?

    private enum Option {
        case arrival(Agenda.Arrival)
        /// Nothing else is on its way: who is to connect, or to start, does.
        case timer
        /// Nothing is left but what is shown to nobody who could do anything else.
        case flush
        case crash(SimulatedWorker)
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
            if let next = world.agenda.arrivals.first(where: { mayArriveAtOnce($0) }) {
                world.note("next, as in any order: \(next.label)")
                world.agenda.arrive(next.place)
                continue
            }
            let options = options
            // What comes to the same end is not finished twice.
            guard let first = options.first else { return choose(1, { self.digest }) != nil }
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
        guard !stopped, let choice = choose(count, nil) else {
            stopped = true
            return 0
        }
        return choice
    }

    /// Whether a message may arrive at once, since everything that is still to come shows the same before and behind it.
    private func mayArriveAtOnce(_ arrival: Agenda.Arrival) -> Bool {
        guard isReduced else { return false }
        switch arrival.kind {
        case .delivery, .read: return false
        case .write: return arrival.isStale
        case .clear, .count, .preparation: return true
        case .publication, .acknowledgement: return crashes == 0 && redeliveries == 0
        }
    }

    /// Whether a message is kept until its sender is lost, or nothing else is left.
    private func isKept(_ arrival: Agenda.Arrival) -> Bool {
        guard isReduced else { return false }
        switch arrival.kind {
        case .publication, .acknowledgement: return true
        case .delivery, .write, .read, .count, .clear, .preparation: return false
        }
    }

    /// The last delivery that there will be, if a lane that gets it has no other delivery to begin a batch with.
    ///
    /// Whether it comes while the lane has a batch or behind that, it begins the next one alone. So it commutes with whatever
    /// can be chosen in its place.
    private func lastDelivery(among arrivals: [Agenda.Arrival]) -> Agenda.Arrival? {
        guard isReduced, crashes == 0, redeliveries == 0, hasFollowed || `case`.following == nil,
            world.broker.ready.values.reduce(0, { $0 + $1.count }) == 1,
            world.workers.allSatisfy({ $0.lanes.allSatisfy { $0?.waiting ?? 0 == 0 } })
        else { return nil }
        return arrivals.first { $0.kind == .delivery }
    }

    private var options: [Option] {
        let arrivals = world.agenda.arrivals
        if let delivery = lastDelivery(among: arrivals) { return [.arrival(delivery)] }
        var options = arrivals.filter { !isKept($0) }.map(Option.arrival)
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
            // One that has nothing to do comes back as it was.
            let isBusy = worker.hasDeliveries || world.agenda.hasWrite(from: worker.life)
            if crashes > 0, isBusy || !isReduced { options.append(.crash(worker)) }
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
        case .crash(let worker):
            crashes -= 1
            world.note("--- worker \(worker.number) crashes")
            let life = worker.life
            loseConnections(of: life, choose)
            loseRequests(of: life, choose)
            worker.crash(isSeenAtOnce: true)
        case .disconnect(let worker):
            redeliveries -= 1
            world.note("--- worker \(worker.number) loses its connections")
            loseConnections(of: worker.life, choose)
            worker.disconnect()
        }
    }

    /// Decides how much of what a worker had sent to the broker had arrived.
    private func loseConnections(of life: Int, _ choose: Choose) {
        func next(_ kinds: Agenda.Kind...) -> Agenda.Arrival? {
            world.agenda.arrivals.first { $0.sender == life && kinds.contains($0.kind) }
        }
        while let next = next(.publication, .acknowledgement) {
            guard pick(2, choose) == 0 else {
                world.agenda.drop(over: next.link)
                continue
            }
            world.note("it had arrived: \(next.label)")
            world.agenda.arrive(next.place)
            // Where its acknowledgement does not arrive, nobody can tell that the publication did.
            while isReduced,
                let acknowledgement = self.world.agenda.arrivals.first(where: {
                    $0.sender == life && $0.kind == .acknowledgement
                })
            {
                world.agenda.arrive(acknowledgement.place)
            }
        }
    }

    /// Decides how much of what a worker had asked of the store arrives, now or later.
    private func loseRequests(of life: Int, _ choose: Choose) {
        if isReduced { world.agenda.dropAllButWrites(from: life) }
        for arrival in world.agenda.arrivals where arrival.sender == life {
            let count = world.agenda.count(over: arrival.link)
            world.agenda.drop(over: arrival.link, keeping: pick(count + 1, choose))
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
            counts.commits += 1
            if commit.messages.isEmpty { counts.emptyCommits += 1 }
            counts.events += commit.events.count
            counts.living = commit.sessions.count(where: \.isLiving)
        case .taken(let publication):
            if !world.isUncertain { seen.insert(digest(publication)) }
        case .answered(let answer):
            let digest = Digest(answer.number, "\(answer.status) \(answer.code ?? "")")
            maybeAnswered.insert(digest)
            if !world.isUncertain { answers.insert(digest) }
            sendFollowing(answer)
        // These follow from what lanes have been told, and that from what they are.
        case .sent, .delivered, .told, .confirmed, .acknowledged, .cleared: break
        case .lost, .protocolError, .leaked, .replyLost: seen.insert(Digest(7))
        }
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

    /// Identifies the state: schedules that reach the same state continue in the same ways, and the checker finds the same in
    /// all of them.
    ///
    /// It leaves out what only names something: ids and tokens that are drawn, and the numbers of workers, lanes, connections
    /// and deliveries. What a lane does next depends on what it has been told since it began its batch, on what it holds, and
    /// on what it has on its way. What the store holds depends on which messages it committed, in their order. The two
    /// workers may change places. Of a worker that is dead, only what it has on its way remains.
    private var digest: Digest {
        var digest = Digest(crashes, redeliveries, hasFollowed ? 1 : 0)
        var answered = Digest()
        digest.append(commits)
        digest.append(counts.emptyCommits)
        digest.append(counts.events)
        digest.append(counts.living)
        for answer in maybeAnswered { answered.add(answer) }
        digest.append(answered)
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
                    // This delivery is one of them.
                    for (_, message) in consumer.unacknowledged { append(message, deliveries: 2, to: &one) }
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
            for message in world.broker.ready[queue] ?? [] { append(message, deliveries: 1, to: &digest) }
        }
        if !isReduced { digest.append(fullDigest) }
        return digest
    }

    /// What `Settings.isReduced` leaves out of the state: which commits stored several messages at once, what the broker took
    /// and what certainly was answered (checked with the acknowledgement), the outbox (checked with each clear, and read by the
    /// relay alone, at the end), and claims.
    private var fullDigest: Digest {
        var digest = Digest(counts.commits)
        var sum = Digest()
        for one in seen { sum.add(one) }
        for one in answers { sum.add(one.distinct) }
        for name in world.redis.contents.claims.keys { sum.add(Digest(1, name)) }
        for record in world.redis.contents.outbox { sum.add(world.name(ofEvent: record.event.id)) }
        digest.append(sum)
        return digest
    }

    private func append(_ message: SimulatedBroker.Message, deliveries: Int, to digest: inout Digest) {
        digest.append(message.number)
        digest.append(isReduced ? min(message.deliveries, deliveries) : message.deliveries)
    }
}
