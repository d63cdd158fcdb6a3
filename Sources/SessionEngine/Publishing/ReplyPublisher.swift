import AMQPNIO
import ConnectionSupport
import LogMetadata
import Logging
import Metrics
import NIOCore
import RedisNIO

/// Publishes replies over connections that may be lost, because senders choose where replies go, and RabbitMQ closes
/// the connection over some addresses.
///
/// A reply is settled once the broker has confirmed it, or once it is lost: refused by its queue, not confirmed in
/// time, or the cause of a closed connection. Only that one is lost then; all others are sent again, see
/// ``ReplySearch``. The first reply to a direct address uses the trial connection, so that the other connection is only
/// used for proven addresses.
///
/// Confined to its lane's event loop, and lives as long as the lane's connections: once closed, it publishes nothing.
actor ReplyPublisher {
    /// How long a reply may take before it counts as lost.
    private let patience: TimeAmount
    /// How often to check for replies that have waited too long.
    private static let interval = TimeAmount.milliseconds(500)
    /// In characters: how much of an address is logged, because it comes from the sender.
    private static let shownAddress = 120

    enum Role: String, CaseIterable {
        /// For trusted addresses.
        case replies
        /// For new addresses, and for replies that may have closed a connection.
        case trial
    }

    nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    private let connector: BrokerConnector
    private let name: String
    /// What is known about addresses, shared with earlier and later publishers of the lane.
    private let addresses: NIOLoopBoundBox<ReplyAddresses>
    private let logger: Logger
    private let lostReplies = Counter(label: "sojourn_replies_lost_total")

    private var clients: [AMQPClient<AMQPChannel>] = []
    private var channels: [Role: AMQPChannel] = [:]
    /// Requests the trial connection.
    private let trials: AsyncStream<Void>
    private let trial: AsyncStream<Void>.Continuation
    private var search = ReplySearch()
    /// Replies to trusted addresses that wait for a connection.
    private var waiting: [PendingReply] = []
    private var isLooking = false
    private var isClosed = false

    init(
        on eventLoop: any EventLoop, connector: BrokerConnector, name: String,
        addresses: NIOLoopBoundBox<ReplyAddresses>, logger: Logger, patience: TimeAmount = .seconds(5)
    ) {
        self.patience = patience
        self.eventLoop = eventLoop
        self.connector = connector
        self.name = name
        self.addresses = addresses
        self.logger = logger
        // One request covers all replies that are unproven when it is handled.
        (trials, trial) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Publishes replies, those to trusted addresses in one write.
    ///
    /// - Parameter onSettled: called on the event loop once each of them is confirmed or lost; immediately if there are
    ///   none, and after ``close()``.
    func publish(_ replies: [AMQPMessage], onSettled: @escaping @Sendable () -> Void) {
        guard !replies.isEmpty, !isClosed else { return onSettled() }
        let batch = ReplyBatch(count: replies.count, onSettled: onSettled)
        let deadline = eventLoop.now + patience
        var trusted: [PendingReply] = []
        trusted.reserveCapacity(replies.count)
        var unproven: [PendingReply] = []
        for message in replies {
            let reply = PendingReply(message: message, deadline: deadline, batch: batch)
            switch addresses.value.standing(of: message.routingKey) {
            case .trusted: trusted.append(reply)
            case .unproven: unproven.append(reply)
            case .bad: lose([reply], because: "its address closed a connection before")
            }
        }
        send(trusted)
        if !unproven.isEmpty {
            search.add(unproven)
            pursue()
        }
    }

    /// Settles everything, as lost unless it is confirmed, and makes ``run()`` close the connections and return.
    func close() {
        isClosed = true
        let left = waiting + search.removeAll()
        waiting = []
        for reply in left { reply.batch.abandon() }
        for client in clients { client.shutdown() }
    }
}

// MARK: - Sending

extension ReplyPublisher {
    private func send(_ replies: [PendingReply]) {
        guard !replies.isEmpty else { return }
        guard let channel = channel(for: .replies) else {
            waiting += replies
            return look()
        }
        channel.outcomes(publishing: replies.map(\.message), timeout: patience) { outcomes in
            self.assumeIsolated { $0.answered(replies, outcomes, over: channel) }
        }
    }

    private func answered(
        _ replies: [PendingReply], _ outcomes: [AMQPPublishOutcome], over channel: AMQPChannel
    ) {
        guard !isClosed else { return replies.forEach { $0.batch.abandon() } }
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

    /// Sends the replies of the search, one group at a time.
    private func pursue() {
        guard !search.isIdle else { return }
        look()
        guard let channel = channel(for: .trial) else {
            trial.yield()
            return
        }
        guard let group = search.next() else { return }
        channel.outcomes(publishing: group, timeout: patience) { outcomes in
            self.assumeIsolated { $0.answered(outcomes, over: channel) }
        }
    }

    private func answered(_ outcomes: [AMQPPublishOutcome], over channel: AMQPChannel) {
        guard !isClosed else { return }
        let unknown = outcomes.indices.filter { if case .unknown = outcomes[$0] { true } else { false } }
        if let first = unknown.first, !channel.isOpen, case .unknown(let error) = outcomes[first] {
            let (settled, culprit) = search.lost(unknown, by: ReplySearch.Loss(error))
            for reply in settled { settle(reply, .confirmed) }
            if let culprit {
                addresses.value.condemn(culprit.address)
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
            addresses.value.prove(reply.address)
            reply.batch.settle()
        case .rejected, .returned, .unsendable, .unknown:
            lose([reply], because: "\(outcome)")
        }
    }

    private func lose(_ replies: [PendingReply], because reason: String) {
        guard let first = replies.first else { return }
        lostReplies.increment(by: replies.count)
        logger.warning(
            "replies were lost",
            metadata: [
                LogKey.count: "\(replies.count)", LogKey.replyTo: "\(first.address.prefix(Self.shownAddress))",
                LogKey.reason: "\(reason)",
            ])
        for reply in replies { reply.batch.settle() }
    }

    /// Checks periodically for replies that have waited too long, as long as any are waiting.
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
    /// Keeps the connections open until ``close()``, or until the task is cancelled. Returns once they are closed. Must
    /// be called only once.
    func run() async {
        if !isClosed {
            let clients = Role.allCases.map { ($0, client(for: $0)) }
            self.clients = clients.map(\.1)
            await withDiscardingTaskGroup { group in
                for (role, client) in clients {
                    group.addTask { await client.run { try await self.use($0, for: role) } }
                }
            }
        }
        close()
        // Breaks a reference cycle: a client holds the closure that opens its connections, which holds this publisher.
        clients = []
    }

    private func client(for role: Role) -> AMQPClient<AMQPChannel> {
        var configuration = AMQPClientConfiguration()
        configuration.backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))
        configuration.isLossExpected = true
        configuration.warning = "no connection for replies: retrying"
        return AMQPClient(connector, on: eventLoop, configuration: configuration, logger: logger) { [name] attempt in
            switch role {
            // The first reply must not wait for it.
            case .replies: break
            case .trial: try await self.untilThereIsATrial()
            }
            let channel = try await attempt.connect(name: "\(name)/\(role.rawValue)").openChannel()
            try await channel.confirmSelect()
            return channel
        }
    }

    private func untilThereIsATrial() async throws(CancellationError) {
        if !search.isIdle { return }
        for await _ in trials where !search.isIdle { return }
        throw CancellationError()
    }

    /// Publishes what waits for a channel, and returns when the channel is lost.
    private func use(_ channel: AMQPChannel, for role: Role) async throws(AMQPError) {
        channels[role] = channel
        switch role {
        case .replies:
            let replies = waiting
            waiting = []
            send(replies)
        case .trial: pursue()
        }
        let reason = await channel.closed()
        channels[role] = nil
        throw reason ?? AMQPError(.channelClosed, "the channel was closed")
    }

    /// The channel, if it is open.
    private func channel(for role: Role) -> AMQPChannel? {
        guard let channel = channels[role], channel.isOpen else { return nil }
        return channel
    }
}
