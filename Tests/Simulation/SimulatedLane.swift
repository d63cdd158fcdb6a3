import AMQPNIO
import NIOCore
import SessionContract
import SessionCore
import SessionEngine
import SessionStorage
import TestSupport

/// Drives a `LaneState` over the simulated broker and store. It runs the actions and decides nothing.
final class SimulatedLane {
    private unowned let worker: SimulatedWorker
    private unowned let world: World
    private let life: Int
    /// Unique among all lanes of a run.
    let number: Int
    private let place: Int
    private let queues: [Topology.CommandQueue]
    private var state: LaneState
    private var consuming: SimulatedBroker.Connection?
    private var publishing: SimulatedBroker.Connection?
    private let replies: SimulatedReplies
    private let port: SimulatedRedis.Port
    var onFinish: (((any Error)?) -> Void)?
    private(set) var isServing = false
    private var isPaused = false
    /// Deliveries that stay in the socket while reading is paused.
    private var unread: [(AMQPDelivery, Topology.CommandQueue)] = []
    private var events: [LaneEvent] = []
    private var isHandling = false
    /// Where every order is tried, what it has been told since it began its batch, or had nothing to do: what it does next
    /// follows from that and from what it holds, but for names that it draws.
    private(set) var told = Digest()
    private var batch: BatchID?
    /// Where every order is tried, how many deliveries are not in a batch yet.
    private(set) var waiting = 0
    private var isLost = false
    /// What it waits for: to consume, the store, timers.
    private var awaited = 0

    /// - Parameter place: among its worker's lanes.
    init(of worker: SimulatedWorker, at place: Int, queues: [Topology.CommandQueue]) {
        self.place = place
        self.worker = worker
        world = worker.world
        life = worker.life
        number = worker.world.nextLane(of: worker.life)
        self.queues = queues
        replies = SimulatedReplies(of: worker)
        port = SimulatedRedis.Port(life: life, number: number, on: worker.world.agenda)
        port.place = place
        let parts = WorkerParts(number: number, policies: worker.policies, in: worker.world)
        state = LaneState(
            LaneState.Parts(
                reader: parts.reader, decider: parts.decider, outgoing: parts.outgoing, queues: queues,
                namespace: World.namespace, limits: LaneBacklog.Limits(heldBytes: worker.world.heldBytes),
                wallClock: { Timestamp(milliseconds: 1_800_000_000_000) }),
            random: parts.random)
    }

    func begin() {
        for isConsuming in [true, false] {
            let connection = world.broker.connect(worker, life: life) { [weak self] error in
                self?.handle(.lost(error))
            }
            connection.place = place
            if isConsuming { consuming = connection } else { publishing = connection }
        }
        if !world.isInstant { replies.open() }
        var actions: [LaneAction] = []
        state.begin(into: &actions)
        isHandling = true
        for action in actions { perform(action) }
        isHandling = false
        goOn()
    }

    /// Events that occur while actions are running wait for them to finish.
    func handle(_ event: LaneEvent) {
        guard worker.life == life else { return }
        events.append(event)
        if !isHandling { goOn() }
    }

    private func goOn() {
        guard !isHandling else { return }
        isHandling = true
        defer { isHandling = false }
        while !events.isEmpty, worker.life == life {
            let event = events.removeFirst()
            if world.isInstant { note(event) }
            var actions: [LaneAction] = []
            let now = NIODeadline.uptimeNanoseconds(UInt64(world.agenda.now) * 1000)
            state.handle(event, now: now, into: &actions)
            for action in actions where worker.life == life { perform(action) }
            if world.isInstant, awaited == 0, !isLost { told = Digest() }
        }
    }

    private func perform(_ action: LaneAction) {
        switch action {
        case .consume, .countDeliveries, .load, .commit, .release, .startTimer: awaited += 1
        default: break
        }
        switch action {
        case .consume, .cancelConsumers, .pauseReading, .publish, .offer, .acknowledge, .close: ask(broker: action)
        case .putBack: preconditionFailure("nothing in a simulation is of a later version")
        case .countDeliveries, .load, .commit, .release, .clear: ask(store: action)
        case .verify(let id, let tokens): handle(.verified(id, tokens.map(SimulatedAccessTokens.read)))
        case .startTimer(let timer, let pause):
            let microseconds = pause.components.seconds * 1_000_000 + pause.components.attoseconds / 1_000_000_000_000
            worker.after(Int(microseconds)) { [weak self] in self?.handle(.timerFired(timer)) }
        case .enterGate: worker.enterGate(self)
        case .leaveGate: worker.leaveGate()
        case .record: preconditionFailure("the simulated worker has no audit log")
        case .report(let report): world.note("\(life) reports \(Self.brief(report))")
        case .finished(let error):
            isServing = false
            onFinish?(error)
        }
    }

    /// What it has been told before it begins another batch shows in what that contains, and in what is left unfinished.
    private func begin(_ batch: BatchID, _ content: @autoclosure () -> Digest) {
        guard world.isInstant, world.mergesBatches, batch != self.batch, !isLost else { return }
        self.batch = batch
        // A batch takes all that wait.
        waiting = 0
        told = content()
    }

    /// Enough to tell what it has been told from anything else: what it decided on what it loaded shows in what it has on its
    /// way.
    private func note(_ event: LaneEvent) {
        switch event {
        case .consuming, .counted, .loaded, .committed, .released, .timerFired: awaited -= 1
        case .lost:
            // It awaits answers to what it has asked for, and drops them.
            isLost = true
            told = Digest(5)
        default: break
        }
        guard !isLost else { return }
        var digest = Digest()
        switch event {
        case .delivered(let deliveries, _):
            waiting += deliveries.count
            for delivery in deliveries { digest.append(Digest(1, delivery.properties.correlationID ?? "")) }
        case .loaded(_, .success(let loaded)):
            digest.append(2)
            for aggregate in loaded.aggregates {
                if !world.mergesBatches, case .loaded(let loaded) = aggregate.state {
                    digest.append(Int(loaded.revision))
                }
                digest.append(aggregate.results.count)
                digest.append(aggregate.reused.count)
            }
        case .committed(_, .success(let results)):
            digest.append(3)
            for result in results {
                if case .applied = result { digest.append(true) } else { digest.append(false) }
            }
        // What is still on its way tells of these.
        case .published(_, _, isChannelOpen: true), .cleared: return
        case .published: digest.append(4)
        case .lost: digest.append(5)
        case .consuming: digest.append(7)
        case .timerFired: digest.append(8)
        case .loaded: digest.append(9)
        case .committed: digest.append(10)
        case .cancelled, .recorded, .offered, .counted, .verified, .released, .gateEntered, .gateTaken, .gateIsFree,
            .drain:
            digest.append(11)
        }
        told.append(digest)
    }

    private static func brief(_ report: LaneReport) -> String {
        switch report {
        case .completed(let items, let completions, _):
            "completed "
                + zip(items, completions).map { item, completion in
                    "\(item.delivery.properties.correlationID ?? "?") \(completion.result.routingKey)"
                        + (completion.isDuplicate ? " again" : "")
                }.joined(separator: ", ")
        case .answered(let items, events: let events): "\(items.count) answered, \(events) events published"
        case .calls(let call, let size, let spans): "\(call.name) of \(size), \(spans.count) traced"
        case .retry(let count, let error, after: let delay): "\(count) to be tried again after \(delay): \(error)"
        case .givenUp(let count): "\(count) given up"
        case .writesRefused(let reason): "writes " + (reason == nil ? "taken" : "refused")
        case .unbound(let names): "\(names) from the queue of unknown ones"
        case .readingPaused(let isPaused, _): isPaused ? "reading paused" : "reading resumed"
        case .refused(let message): "\(message.kind) refused"
        case .taken: "everything taken"
        case .copiesDropped(let count): "\(count) copies dropped"
        case .unsendable(let exchange, _): "unsendable to \(exchange)"
        }
    }
}

// MARK: - Broker actions

extension SimulatedLane {
    private func ask(broker action: LaneAction) {
        guard let consuming, let publishing else { return }
        switch action {
        case .consume(let queues):
            world.broker.consume(from: queues, over: consuming, lane: number) { [weak self] delivery, queue in
                self?.receive(delivery, from: queue)
            } whenThere: { [weak self] in
                self?.isServing = true
                self?.handle(.consuming)
            }
        case .cancelConsumers:
            world.broker.cancel(over: consuming) { [weak self] in
                guard let self else { return }
                // After the deliveries that are still in the socket.
                read()
                handle(.cancelled)
            }
        case .pauseReading(let isPaused):
            self.isPaused = isPaused
            if !isPaused { read() }
        case .publish(let id, let messages, let replies): publish(id, messages, replies)
        case .offer(let id, let messages):
            world.broker.publish(messages, over: publishing) { [weak self] isOpen, outcomes in
                self?.note(messages, outcomes)
                self?.handle(.offered(id, outcomes, isChannelOpen: isOpen))
            }
        case .acknowledge(let acknowledgements):
            for one in acknowledgements {
                for number in world.broker.numbers(one.tag, multiple: one.multiple, of: one.queue, over: consuming) {
                    world.observe(.acknowledged(number: number, lane: self.number))
                }
                world.broker.acknowledge(one.tag, multiple: one.multiple, of: one.queue, over: consuming)
            }
        case .close:
            isServing = false
            replies.abandon()
            let error = AMQPError(.connectionClosed, "it was given up")
            world.broker.close(consuming, because: error)
            world.broker.close(publishing, because: error)
        default: preconditionFailure("not an action for the broker")
        }
    }

    private func receive(_ delivery: AMQPDelivery, from queue: Topology.CommandQueue) {
        if isPaused { unread.append((delivery, queue)) } else { handle(.delivered([delivery], from: queue)) }
    }

    private func read() {
        let unread = unread
        self.unread = []
        for (delivery, queue) in unread { handle(.delivered([delivery], from: queue)) }
    }

    private func publish(_ id: PublicationID, _ messages: [AMQPMessage], _ replies: [AMQPMessage]) {
        guard let publishing else { return }
        var areSettled = false
        var outcomes: (Bool, [AMQPPublishOutcome])?
        func answer() {
            guard areSettled, let outcomes else { return }
            note(messages, outcomes.1)
            handle(.published(id, outcomes.1, isChannelOpen: outcomes.0))
        }
        guard !world.isInstant else {
            // Together with what is published beside them: to tell the two apart would show nobody anything.
            return world.broker.publish(messages + replies, over: publishing) { [weak self] isOpen, outcomes in
                let outcomes = Array(outcomes.prefix(messages.count))
                self?.note(messages, outcomes)
                self?.handle(.published(id, outcomes, isChannelOpen: isOpen))
            }
        }
        world.broker.publish(messages, over: publishing) { isOpen, given in
            outcomes = (isOpen, given)
            answer()
        }
        guard worker.life == life else { return }
        self.replies.publish(replies) {
            areSettled = true
            answer()
        }
    }

    /// Reports the confirms that the worker has received.
    private func note(_ messages: [AMQPMessage], _ outcomes: [AMQPPublishOutcome]) {
        for (message, outcome) in zip(messages, outcomes) {
            switch outcome {
            case .confirmed: world.noteConfirmed(message, isRefused: false, lane: number)
            case .rejected: world.noteConfirmed(message, isRefused: true, lane: number)
            case .returned, .unsendable, .unknown: break
            }
        }
    }
}

// MARK: - Store actions

extension SimulatedLane {
    private func ask(store action: LaneAction) {
        let redis = world.redis!
        switch action {
        case .countDeliveries(let id, let names):
            begin(id, Digest(12, names.joined()))
            redis.countDeliveries(names, of: worker, over: port) { [weak self] in self?.handle(.counted(id, $0)) }
        case .load(let id, let requests, let budget):
            begin(id, redis.digest(of: requests))
            redis.load(requests, budget, .load, of: worker, over: port) { [weak self] in self?.handle(.loaded(id, $0)) }
        case .commit(let id, let commits):
            redis.commit(commits, .commit, of: worker, lane: number, over: port) { [weak self] in
                self?.handle(.committed(id, $0))
            }
        case .release(let id, let messages):
            redis.ask(.release, of: worker, over: port, isWrite: true) { contents, _ in
                contents.release(messages)
            } answer: { [weak self] _ in
                self?.handle(.released(id))
            }
        case .clear(let id, let references):
            redis.ask(
                .clear, of: worker, over: port, isWrite: true, content: redis.digest(of: references)
            ) { contents, _ in
                redis.clear(references, &contents)
            } answer: { [weak self] _ in
                self?.handle(.cleared(id))
            }
        default: preconditionFailure("not an action for the store")
        }
    }
}
