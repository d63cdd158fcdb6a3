import AMQPNIO
import NIOCore
import SessionEngine

/// A lane's publisher of replies in virtual time: what goes over which connection, and which reply a lost connection is
/// blamed on, is the product's own to decide (`ReplyAddresses`, `ReplySearch`).
final class SimulatedReplies {
    private final class Link {
        enum State {
            case absent
            case connecting
            case open(SimulatedBroker.Connection)
        }

        var state = State.absent

        var connection: SimulatedBroker.Connection? {
            if case .open(let connection) = state, connection.isOpen { connection } else { nil }
        }
    }

    /// As long as the product's.
    private static let patience = 5_000_000
    private static let interval = 500_000

    private unowned let worker: SimulatedWorker
    private unowned let world: World
    private let life: Int
    private let trusted = Link()
    private let trial = Link()
    private var addresses = ReplyAddresses()
    private var search = ReplySearch()
    private var waiting: [PendingReply] = []
    private var isLooking = false
    private var isOver = false

    init(of worker: SimulatedWorker) {
        self.worker = worker
        world = worker.world
        life = worker.life
    }

    private var now: NIODeadline { .uptimeNanoseconds(UInt64(world.agenda.now) * 1000) }

    func open() {
        connect(trusted)
    }

    /// Publishes replies; each is settled when the broker has confirmed it or it is lost.
    func publish(_ replies: [AMQPMessage], whenSettled: @escaping () -> Void) {
        guard !replies.isEmpty, !isOver else { return whenSettled() }
        let settled = Settled(happen: whenSettled)
        let batch = ReplyBatch(count: replies.count) { settled.happen() }
        let deadline = now + .microseconds(Int64(Self.patience))
        var known: [PendingReply] = []
        var unproven: [PendingReply] = []
        for message in replies {
            let reply = PendingReply(message: message, deadline: deadline, batch: batch)
            switch addresses.standing(of: message.routingKey) {
            case .trusted: known.append(reply)
            case .unproven: unproven.append(reply)
            case .bad: lose(reply, .blamed)
            }
        }
        send(known)
        if !unproven.isEmpty {
            search.add(unproven)
            pursue()
        }
    }

    /// Gives up everything: all of it counts as settled.
    func abandon() {
        guard !isOver else { return }
        isOver = true
        let left = waiting + search.removeAll()
        waiting = []
        for link in [trusted, trial] {
            if let connection = link.connection {
                world.broker.close(connection, because: AMQPError(.connectionClosed, "it was given up"))
            }
            link.state = .absent
        }
        for reply in left { reply.batch.abandon() }
    }

    // MARK: Sending

    private func send(_ replies: [PendingReply]) {
        guard !replies.isEmpty else { return }
        guard let connection = trusted.connection else {
            waiting += replies
            return connect(trusted)
        }
        publish(replies.map(\.message), over: connection) { [weak self] isOpen, outcomes in
            guard let self, !isOver else { return replies.forEach { $0.batch.abandon() } }
            var suspects: [PendingReply] = []
            for (reply, outcome) in zip(replies, outcomes) {
                switch outcome {
                case .confirmed: reply.batch.settle()
                case .unknown where !isOpen: suspects.append(reply)
                case .unknown, .rejected, .returned, .unsendable: lose(reply, .late)
                }
            }
            search.add(suspects)
            pursue()
        }
    }

    private func pursue() {
        guard !search.isIdle else { return }
        look()
        guard let connection = trial.connection else { return connect(trial) }
        guard let group = search.next() else { return }
        publish(group, over: connection) { [weak self] isOpen, outcomes in
            guard let self, !isOver else { return }
            let unknown = outcomes.indices.filter { if case .unknown = outcomes[$0] { true } else { false } }
            if let first = unknown.first, !isOpen, case .unknown(let error) = outcomes[first] {
                let loss = ReplySearch.Loss(error)
                let (settled, culprit) = search.lost(unknown, by: loss)
                for reply in settled { settle(reply, .confirmed) }
                if let culprit {
                    addresses.condemn(culprit.address)
                    lose(culprit, loss == .refused ? .blamed : .late)
                }
            } else {
                for (reply, outcome) in zip(search.answered(), outcomes) { settle(reply, outcome) }
            }
            pursue()
        }
    }

    /// With an end to the wait for confirms, as the product's has.
    private func publish(
        _ messages: [AMQPMessage], over connection: SimulatedBroker.Connection,
        whenAnswered: @escaping (Bool, [AMQPPublishOutcome]) -> Void
    ) {
        var isAnswered = false
        world.broker.publish(messages, over: connection, step: .reply) { isOpen, outcomes in
            guard !isAnswered else { return }
            isAnswered = true
            whenAnswered(isOpen, outcomes)
        }
        worker.after(Self.patience) {
            guard !isAnswered else { return }
            isAnswered = true
            let late = AMQPError(.timeout, "no confirm in time")
            whenAnswered(connection.isOpen, messages.map { _ in .unknown(late) })
        }
    }

    private func settle(_ reply: PendingReply, _ outcome: AMQPPublishOutcome) {
        guard outcome == .confirmed else { return lose(reply, .late) }
        addresses.prove(reply.address)
        reply.batch.settle()
    }

    private enum Reason {
        /// The broker closed a connection, and this one is to blame.
        case blamed
        /// It took too long, or its connections broke again and again.
        case late
    }

    private func lose(_ reply: PendingReply, _ reason: Reason) {
        world.noteLostReply(reply.message, isBlamed: reason == .blamed)
        reply.batch.settle()
    }

    private func look() {
        guard !isLooking else { return }
        isLooking = true
        worker.after(Self.interval) { [weak self] in
            guard let self, !isOver else { return }
            isLooking = false
            let now = now
            let overdue = waiting.filter { $0.deadline <= now } + search.removeOverdue(now: now)
            waiting.removeAll { $0.deadline <= now }
            for reply in overdue { lose(reply, .late) }
            if !waiting.isEmpty || !search.isIdle { look() }
        }
    }

    // MARK: Connections

    private func connect(_ link: Link) {
        look()
        guard case .absent = link.state else { return }
        link.state = .connecting
        worker.after(world.latency()) { [weak self] in
            guard let self, !isOver else { return }
            let connection = world.broker.connect(worker, life: life) { [weak self] _ in
                guard let self, !isOver else { return }
                link.state = .absent
                if link === trusted || !search.isIdle { connect(link) }
            }
            link.state = .open(connection)
            if link === trusted {
                let replies = waiting
                waiting = []
                send(replies)
            } else {
                pursue()
            }
        }
    }
}

private struct Settled: @unchecked Sendable {
    // Unchecked, and right: a simulation is of one thread.
    let happen: () -> Void
}
