import AMQPNIO
import ConnectionSupport
import Logging
import Metrics
import NIOCore
import RedisNIO

/// Publishes replies over connections of their own, which may be lost: where a reply goes is for its sender to say, and
/// RabbitMQ closes the connection over some of what senders say.
///
/// A reply is settled when the broker has confirmed it, or when it is lost: refused by its queue, not confirmed in time, or
/// the one over which a connection was closed. Only that one is lost then; all others are sent again, see ``ReplySearch``.
/// The first reply to an address of a direct reply goes over the connection that may be lost at once, to keep the other for
/// those that are known to be good.
///
/// Lives on its lane's event loop.
actor ReplyPublisher {
    /// How long a reply may take before it counts as lost.
    static let patience = TimeAmount.seconds(5)
    /// How often it is looked for replies that have waited too long.
    private static let interval = TimeAmount.milliseconds(500)
    /// Of an address in the log, in characters: it is the sender's own text.
    private static let shownAddress = 120

    enum Role: String, CaseIterable {
        /// For what is trusted.
        case replies
        /// For what is not, or is under suspicion.
        case trial
    }

    nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    private let connector: BrokerConnector
    private let name: String
    private let logger: Logger
    private let lostReplies = Counter(label: "sojourn_replies_lost_total")

    private var links: [Role: ReplyLink] = [.replies: ReplyLink(), .trial: ReplyLink()]
    private var addresses = ReplyAddresses()
    private var search = ReplySearch()
    /// Trusted replies that wait for a connection.
    private var waiting: [PendingReply] = []
    private var isLooking = false
    /// Grows when everything is abandoned: what is answered afterwards was of an earlier time.
    private var epoch = 0

    init(on eventLoop: any EventLoop, connector: BrokerConnector, name: String, logger: Logger) {
        self.eventLoop = eventLoop
        self.connector = connector
        self.name = name
        self.logger = logger
    }

    /// Publishes replies, in one write where they go the fast way.
    ///
    /// - Parameter onSettled: called on the event loop when each of them is confirmed or lost, and at once where there are
    ///   none.
    func publish(_ replies: [AMQPMessage], onSettled: @escaping @Sendable () -> Void) {
        guard !replies.isEmpty else { return onSettled() }
        let batch = ReplyBatch(count: replies.count, onSettled: onSettled)
        let deadline = eventLoop.now + Self.patience
        var trusted: [PendingReply] = []
        trusted.reserveCapacity(replies.count)
        var unproven: [PendingReply] = []
        for message in replies {
            let reply = PendingReply(message: message, deadline: deadline, batch: batch)
            switch addresses.standing(of: message.routingKey) {
            case .trusted: trusted.append(reply)
            case .unproven: unproven.append(reply)
            case .bad: lose([reply], because: "its address has closed a connection before")
            }
        }
        send(trusted)
        if !unproven.isEmpty {
            search.add(unproven)
            pursue()
        }
    }

    /// Connects for what is trusted, so that the first reply need not wait for it.
    func open() {
        connect(.replies)
    }

    /// Gives up everything: all of it counts as settled, and the connections are closed. Another use opens new ones.
    func abandon() {
        epoch += 1
        let left = waiting + search.removeAll()
        waiting = []
        for reply in left { reply.batch.abandon() }
        for role in Role.allCases {
            if let connection = links[role]?.connection { Task { await connection.close() } }
            links[role] = ReplyLink()
        }
    }
}

// MARK: - Sending

extension ReplyPublisher {
    private func send(_ replies: [PendingReply]) {
        guard !replies.isEmpty else { return }
        guard let channel = links[.replies]?.channel else {
            waiting += replies
            return connect(.replies)
        }
        let epoch = epoch
        channel.outcomes(publishing: replies.map(\.message), timeout: Self.patience) { outcomes in
            self.assumeIsolated { $0.answered(replies, outcomes, over: channel, epoch) }
        }
    }

    private func answered(
        _ replies: [PendingReply], _ outcomes: [AMQPPublishOutcome], over channel: AMQPChannel, _ epoch: Int
    ) {
        guard epoch == self.epoch else { return replies.forEach { $0.batch.abandon() } }
        var suspects: [PendingReply] = []
        for (reply, outcome) in zip(replies, outcomes) {
            switch outcome {
            case .confirmed: reply.batch.settle()
            case .unknown where !channel.isOpen: suspects.append(reply)
            case .unknown, .rejected, .returned, .unsendable: lose([reply], because: "\(outcome)")
            }
        }
        guard !suspects.isEmpty else { return }
        search.add(suspects)
        pursue()
    }

    /// Sends what is under suspicion, a group at a time.
    private func pursue() {
        guard !search.isIdle else { return }
        look()
        guard let channel = links[.trial]?.channel else { return connect(.trial) }
        guard let group = search.next() else { return }
        let epoch = epoch
        channel.outcomes(publishing: group, timeout: Self.patience) { outcomes in
            self.assumeIsolated { $0.answered(outcomes, over: channel, epoch) }
        }
    }

    private func answered(_ outcomes: [AMQPPublishOutcome], over channel: AMQPChannel, _ epoch: Int) {
        guard epoch == self.epoch else { return }
        let unknown = outcomes.indices.filter { if case .unknown = outcomes[$0] { true } else { false } }
        if let first = unknown.first, !channel.isOpen, case .unknown(let error) = outcomes[first] {
            let (settled, culprit) = search.lost(unknown, by: ReplySearch.Loss(error))
            for reply in settled { settle(reply, .confirmed) }
            if let culprit {
                addresses.condemn(culprit.address)
                lose([culprit], because: "RabbitMQ closed the connection over it: \(error.message)")
            }
        } else {
            for (reply, outcome) in zip(search.answered(), outcomes) { settle(reply, outcome) }
        }
        pursue()
    }

    private func settle(_ reply: PendingReply, _ outcome: AMQPPublishOutcome) {
        switch outcome {
        case .confirmed:
            addresses.prove(reply.address)
            reply.batch.settle()
        case .rejected, .returned, .unsendable, .unknown:
            lose([reply], because: "\(outcome)")
        }
    }

    private func lose(_ replies: [PendingReply], because reason: String) {
        guard let first = replies.first else { return }
        lostReplies.increment(by: replies.count)
        logger.warning(
            "replies were lost: their queue did not take them",
            metadata: [
                LogKey.count: "\(replies.count)", LogKey.replyTo: "\(first.address.prefix(Self.shownAddress))",
                LogKey.reason: "\(reason)",
            ])
        for reply in replies { reply.batch.settle() }
    }

    /// Looks for what has waited too long, again and again while anything waits.
    private func look() {
        guard !isLooking else { return }
        isLooking = true
        eventLoop.scheduleTask(in: Self.interval) {
            self.assumeIsolated { publisher in
                publisher.isLooking = false
                publisher.loseOverdue()
            }
        }
    }

    private func loseOverdue() {
        let now = eventLoop.now
        let overdue = waiting.filter { $0.deadline <= now } + search.removeOverdue(now: now)
        waiting.removeAll { $0.deadline <= now }
        lose(overdue, because: "there was no connection to publish them on in time")
        if !waiting.isEmpty || !search.isIdle { look() }
    }
}

// MARK: - Connections

extension ReplyPublisher {
    private func connect(_ role: Role) {
        look()
        guard case .absent = links[role]?.state else { return }
        links[role]?.state = .connecting
        let epoch = epoch
        Task { await self.open(role, epoch) }
    }

    private func open(_ role: Role, _ epoch: Int) async {
        do throws(AMQPError) {
            let connection = try await connector.connect(name: "\(name)/\(role.rawValue)", on: eventLoop)
            do throws(AMQPError) {
                let channel = try await connection.openChannel()
                try await channel.confirmSelect()
                await opened(role, connection, channel, epoch)
            } catch {
                await connection.close()
                throw error
            }
        } catch {
            failed(role, error, epoch)
        }
    }

    private func opened(_ role: Role, _ connection: AMQPConnection, _ channel: AMQPChannel, _ epoch: Int) async {
        guard epoch == self.epoch else { return await connection.close() }
        links[role]?.state = .open(connection, channel)
        links[role]?.backoff.reset()
        channel.closeFuture.whenComplete { _ in
            self.assumeIsolated { $0.closed(role, epoch) }
        }
        resume(role)
    }

    private func closed(_ role: Role, _ epoch: Int) {
        guard epoch == self.epoch else { return }
        if let connection = links[role]?.connection { Task { await connection.close() } }
        links[role]?.state = .absent
        // The next reply should find a connection.
        if role == .replies || !search.isIdle { connect(role) }
    }

    private func failed(_ role: Role, _ error: AMQPError, _ epoch: Int) {
        guard epoch == self.epoch else { return }
        var random = SystemRandomNumberGenerator()
        guard let delay = links[role]?.backoff.next(using: &random) else { return }
        links[role]?.state = .pausing
        logger.warning(
            "no connection for replies: the lane tries again",
            metadata: [LogKey.reason: "\(error)", LogKey.nextAttemptMs: "\(delay.wholeMilliseconds)"])
        eventLoop.scheduleTask(in: TimeAmount(delay)) {
            self.assumeIsolated { publisher in
                guard epoch == publisher.epoch else { return }
                publisher.links[role]?.state = .absent
                publisher.connect(role)
            }
        }
    }

    private func resume(_ role: Role) {
        switch role {
        case .replies:
            let replies = waiting
            waiting = []
            send(replies)
        case .trial: pursue()
        }
    }
}

extension ReplySearch.Loss {
    /// The broker's own shutdown.
    private static let connectionForced: UInt16 = 320

    fileprivate init(_ error: AMQPError) {
        guard let code = error.replyCode, code != Self.connectionForced else {
            self = .broken
            return
        }
        self = .refused
    }
}
