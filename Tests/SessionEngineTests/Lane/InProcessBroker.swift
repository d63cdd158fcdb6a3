import AMQPNIO
import NIOCore
import SessionContract
import Synchronization
import TestSupport

@testable import SessionEngine

/// Commands that are delivered until they are acknowledged, over one connection after another, in this process.
///
/// When an answer comes is drawn from the seed: within the call, later on the lane's event loop, or by way of another thread.
final class InProcessBroker: Sendable {
    struct Progress: Sendable {
        var acknowledged = 0
        /// How often a lane has returned from `serve` because it was drained.
        var drained = 0
        /// The test's bound has passed.
        var isLate = false
    }

    struct Command: Sendable {
        let number: Int
        var isRedelivered = false
    }

    private struct State {
        var ready: [Command]
        var acknowledged: Set<Int> = []
    }

    let count: Int
    let eventLoop: any EventLoop
    let turns: Turns
    let progress = Awaited(Progress())
    private let state: Mutex<State>

    init(_ count: Int, on eventLoop: any EventLoop, turns: Turns) {
        self.count = count
        self.eventLoop = eventLoop
        self.turns = turns
        // The last is delivered first.
        state = Mutex(State(ready: (0..<count).reversed().map { Command(number: $0) }))
    }

    var isDone: Bool { state.withLock { $0.acknowledged.count == count } }

    /// - Parameter limit: how many deliveries may be unacknowledged at once.
    func connect(limit: Int) -> InProcessConnection {
        InProcessConnection(to: self, limit: limit, lostAfter: turns.number(in: 1...400))
    }

    fileprivate func take(_ count: Int) -> [Command] {
        state.withLock { state in
            let taken = state.ready.suffix(count).reversed()
            state.ready.removeLast(taken.count)
            return Array(taken)
        }
    }

    fileprivate func putBack(_ commands: [Command]) {
        state.withLock { state in
            state.ready += commands.reversed().map { Command(number: $0.number, isRedelivered: true) }
        }
    }

    fileprivate func acknowledge(_ commands: [Command]) {
        let total = state.withLock { state in
            for command in commands {
                precondition(state.acknowledged.insert(command.number).inserted, "it was acknowledged already")
            }
            return state.acknowledged.count
        }
        progress.change { $0.acknowledged = total }
    }
}

/// The connections of a lane, from its point of view one.
final class InProcessConnection: LaneBroker {
    private struct State {
        var isOpen = true
        var isConsuming = false
        var isPaused = false
        var onBatch: (@Sendable ([AMQPDelivery], Topology.CommandQueue) -> Void)?
        var onLost: (@Sendable (any Error) -> Void)?
        var held: [(tag: UInt64, command: InProcessBroker.Command)] = []
        var lastTag: UInt64 = 0
        /// One at a time: they come in their order.
        var isDelivering = false
        var whenDelivered: [CheckedContinuation<Void, Never>] = []
        var acknowledgementsLeft: Int
    }

    private let broker: InProcessBroker
    private let limit: Int
    private let state: Mutex<State>

    init(to broker: InProcessBroker, limit: Int, lostAfter acknowledgements: Int) {
        self.broker = broker
        self.limit = limit
        state = Mutex(State(acknowledgementsLeft: acknowledgements))
    }

    func whenLost(_ onLost: @escaping @Sendable (any Error) -> Void) {
        state.withLock { $0.onLost = onLost }
    }

    func consume(
        onBatch: @escaping @Sendable ([AMQPDelivery], Topology.CommandQueue) -> Void,
        onCancelled: @escaping @Sendable (Topology.CommandQueue) -> Void
    ) async throws(AMQPError) {
        state.withLock { state in
            state.isConsuming = true
            state.onBatch = onBatch
        }
        deliver()
        await broker.turns.wait()
    }

    func cancelConsumers() async {
        await broker.turns.wait()
        await withCheckedContinuation { continuation in
            let isDelivering = state.withLock { state in
                state.isConsuming = false
                if state.isDelivering { state.whenDelivered.append(continuation) }
                return state.isDelivering
            }
            if !isDelivering { continuation.resume() }
        }
    }

    func pauseReading(_ isPaused: Bool) {
        state.withLock { $0.isPaused = isPaused }
        deliver()
    }

    func publish(
        _ messages: [AMQPMessage], replies: [AMQPMessage], onSettled: @escaping @Sendable (PublishAnswer) -> Void
    ) {
        broker.turns.take { [self] in
            let isOpen = state.withLock(\.isOpen)
            let outcome: AMQPPublishOutcome = isOpen ? .confirmed : .unknown(AMQPError(.connectionClosed, "lost"))
            onSettled(PublishAnswer(outcomes: messages.map { _ in outcome }, isChannelOpen: isOpen))
        }
    }

    func acknowledge(_ acknowledgements: [LaneAcknowledgement]) {
        let (commands, isOver) = state.withLock { state -> ([InProcessBroker.Command], Bool) in
            guard state.isOpen else { return ([], false) }
            var commands: [InProcessBroker.Command] = []
            for one in acknowledgements {
                func isMeant(_ tag: UInt64) -> Bool { one.multiple ? tag <= one.tag : tag == one.tag }
                commands += state.held.filter { isMeant($0.tag) }.map(\.command)
                state.held.removeAll { isMeant($0.tag) }
            }
            let left = state.acknowledgementsLeft
            state.acknowledgementsLeft -= commands.count
            return (commands, left > 0 && state.acknowledgementsLeft <= 0)
        }
        broker.acknowledge(commands)
        if isOver { broker.turns.take { [self] in lose() } }
        deliver()
    }

    func putBack(_ deliveries: [LaneDelivery]) {
        preconditionFailure("nothing here is of a later version")
    }

    func close() async {
        await broker.turns.wait()
        lose()
    }

    private func lose() {
        let lost = state.withLock { state -> ([InProcessBroker.Command], (@Sendable (any Error) -> Void)?) in
            guard state.isOpen else { return ([], nil) }
            state.isOpen = false
            defer { state.held = [] }
            return (state.held.map(\.command), state.onLost)
        }
        broker.putBack(lost.0)
        lost.1?(AMQPError(.connectionClosed, "lost"))
    }

    /// Delivers a few, if it may.
    private func deliver() {
        let deliveries = state.withLock { state -> [AMQPDelivery] in
            guard state.isOpen, state.isConsuming, !state.isPaused, !state.isDelivering else { return [] }
            let room = limit - state.held.count
            let commands = broker.take(min(room, broker.turns.number(in: 1...4)))
            state.isDelivering = !commands.isEmpty
            return commands.map { command in
                state.lastTag += 1
                state.held.append((state.lastTag, command))
                return command.delivery(tag: state.lastTag)
            }
        }
        guard !deliveries.isEmpty else { return }
        broker.turns.take(atOnce: false) { [self] in
            let onBatch = state.withLock { $0.isOpen ? $0.onBatch : nil }
            onBatch?(deliveries, .manage)
            let waiting = state.withLock { state in
                state.isDelivering = false
                defer { state.whenDelivered = [] }
                return state.whenDelivered
            }
            for continuation in waiting { continuation.resume() }
            deliver()
        }
    }
}

extension InProcessBroker.Command {
    fileprivate func delivery(tag: UInt64) -> AMQPDelivery {
        // One of four changes something.
        let (key, body) =
            number % 4 == 0
            ? ("session.create", #"{"subject":"s\#(number % 1000)"}"#) : ("session.get", #"{"sessionId":"none"}"#)
        return AMQPDelivery(
            consumerTag: "", deliveryTag: tag, redelivered: isRedelivered, exchange: "n.commands", routingKey: key,
            properties: AMQPProperties(messageID: "m\(number)"), body: Array(body.utf8),
            bodySize: UInt64(body.utf8.count))
    }
}
