import AMQPNIO
import Logging
import NIOCore
import SessionContract
import SessionCore
import SessionStorage

/// One event loop at work, without a lock: does what a ``LaneState`` says, and tells it what came of it. Nothing is decided
/// here.
///
/// Store calls of the batch whose turn it is are made by one task that lives as long as the connections: a task for each
/// would cost as much as a command.
actor Lane<Store: LaneStore, Broker: LaneBroker> {
    /// What a lane is made of, beside its state.
    struct Parts {
        let state: LaneState.Parts
        let store: Store
        let accessTokens: any AccessTokenScheme
        /// Held while a large subject is carried out.
        let gate: LargeSubjectGate
    }

    /// What the task of `serve` does.
    private enum Runner {
        /// Between two calls: the next one is its own.
        case looking(LaneAction?)
        case calling
        case waiting(CheckedContinuation<LaneAction?, Never>)
    }

    nonisolated let eventLoop: any EventLoop
    nonisolated let taskExecutor: EventLoopTaskExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    private let parts: Parts
    private let logger: Logger
    private var log: LaneLog
    /// `nil` without connections.
    private var state: LaneState?
    private var broker: Broker?
    /// Grows with each pair of connections: what comes of former ones is ignored.
    private var epoch = 0
    private var runner = Runner.calling
    /// What is to be done, and where in it the lane is.
    private var actions: [LaneAction] = []
    private var isActing = false
    /// How the state ended.
    private var end: Result<Void, any Error>?
    /// Whether it shall take no more, over whatever connections.
    private var isStopping = false
    private var areWritesRefused = false

    init(on eventLoop: any EventLoop, parts: Parts, log: LaneLog, logger: Logger) {
        self.eventLoop = eventLoop
        taskExecutor = EventLoopTaskExecutor(eventLoop)
        self.parts = parts
        self.log = log
        self.logger = logger
    }

    /// Consumes until it is drained, and returns; or until a connection fails, and throws why. What was not finished
    /// then goes back to its queue.
    func serve(over broker: Broker) async throws {
        if isStopping { return }
        // It may have been abandoned while there were no connections to lose.
        try Task.checkCancellation()
        epoch += 1
        end = nil
        runner = .looking(nil)
        self.broker = broker
        state = LaneState(parts.state, areWritesRefused: areWritesRefused)
        let epoch = epoch
        state?.begin(into: &actions)
        act()
        broker.whenLost { error in self.assumeIsolated { $0.handle(.lost(error), of: epoch) } }
        while let call = await nextCall() {
            runner = .calling
            let event = await answer(call)
            runner = .looking(nil)
            handle(event, of: epoch)
        }
        areWritesRefused = state?.areWritesRefused ?? false
        state = nil
        self.broker = nil
        try end?.get()
    }

    /// Gives up what is not finished: `serve` throws, and the broker delivers it to somebody else.
    func abandon() {
        handle(.lost(CancellationError()), of: epoch)
    }

    /// Takes no more commands; `serve` returns once it has finished those it has.
    func drain() {
        isStopping = true
        handle(.drain, of: epoch)
    }
}

// MARK: - Events and actions

extension Lane {
    private func handle(_ event: consuming LaneEvent, of epoch: Int) {
        guard epoch == self.epoch, state != nil else { return }
        state?.handle(event, now: eventLoop.now, into: &actions)
        act()
    }

    /// Does what is to be done, and what comes of that at once.
    private func act() {
        guard !isActing else { return }
        isActing = true
        var next = 0
        while next < actions.count {
            perform(actions[next])
            next += 1
        }
        actions.removeAll(keepingCapacity: true)
        isActing = false
    }

    private func perform(_ action: LaneAction) {
        let epoch = epoch
        switch action {
        case .consume: consume()
        case .cancelConsumers:
            run { lane, broker in
                await broker.cancelConsumers()
                await lane.handle(.cancelled, of: epoch)
            }
        case .pauseReading(let isPaused): broker?.pauseReading(isPaused)
        case .publish(let id, let messages, let replies):
            broker?.publish(messages, replies: replies) { answer in
                self.assumeIsolated {
                    $0.handle(.published(id, answer.outcomes, isChannelOpen: answer.isChannelOpen), of: epoch)
                }
            }
        case .offer(let id, let messages):
            broker?.publish(messages, replies: []) { answer in
                self.assumeIsolated {
                    $0.handle(.offered(id, answer.outcomes, isChannelOpen: answer.isChannelOpen), of: epoch)
                }
            }
        case .acknowledge(let acknowledgements): broker?.acknowledge(acknowledgements)
        case .close: run { await $1.close() }
        case .countDeliveries, .verify, .load, .sign, .commit, .release, .clear: call(action)
        case .startTimer(let timer, let delay):
            eventLoop.scheduleTask(in: TimeAmount(delay)) {
                self.assumeIsolated { $0.handle(.timerFired(timer), of: epoch) }
            }
        case .enterGate: enterGate()
        case .leaveGate: parts.gate.leave()
        case .report(let report): log.record(report, now: eventLoop.now)
        case .finished(let error): finish(error)
        }
    }

    private func consume() {
        let epoch = epoch
        run { lane, broker in
            do throws(AMQPError) {
                try await broker.consume(
                    onBatch: { [weak lane] deliveries, queue in
                        lane?.assumeIsolated { $0.handle(.delivered(deliveries, from: queue), of: epoch) }
                    },
                    onCancelled: { [weak lane] queue in
                        lane?.assumeIsolated { $0.consumerWasCancelled(of: queue, epoch) }
                    })
                await lane.handle(.consuming, of: epoch)
            } catch {
                await lane.handle(.lost(error), of: epoch)
            }
        }
    }

    /// Does something with the broker beside everything else.
    private func run(_ work: @escaping @Sendable (Lane, Broker) async -> Void) {
        guard let broker else { return }
        Task(executorPreference: taskExecutor) { await work(self, broker) }
    }

    private func consumerWasCancelled(of queue: Topology.CommandQueue, _ epoch: Int) {
        let name = parts.state.name(of: queue)
        let error = AMQPError(.notFound, "RabbitMQ ended the consumer of \(name): was the queue deleted?")
        handle(.lost(error), of: epoch)
    }

    private func enterGate() {
        let epoch = epoch
        let isInside = parts.gate.enter { [self] in
            eventLoop.execute { self.assumeIsolated { $0.handle(.gateIsFree, of: epoch) } }
        }
        handle(isInside ? .gateEntered : .gateTaken, of: epoch)
    }

    private func finish(_ error: (any Error)?) {
        end = error.map { .failure($0) } ?? .success(())
        if case .waiting(let continuation) = runner {
            runner = .calling
            continuation.resume(returning: nil)
        }
    }
}

// MARK: - Calls that take their time

extension Lane {
    /// Has a call made: by the task of `serve` if that has nothing to do, by one of its own if not.
    private func call(_ action: LaneAction) {
        switch runner {
        case .waiting(let continuation):
            runner = .calling
            continuation.resume(returning: action)
        case .looking(nil): runner = .looking(action)
        case .looking, .calling:
            let epoch = epoch
            Task(executorPreference: taskExecutor) { await self.answer(action, in: epoch) }
        }
    }

    /// The next call that the task of `serve` makes; `nil` once all is done.
    private func nextCall() async -> LaneAction? {
        if case .looking(let action?) = runner { return action }
        return await withCheckedContinuation { continuation in
            // Asking for a continuation may suspend, and an event in between may bring a call or the end. Deciding to wait
            // before asking would miss it, and the lane would stand still for ever.
            switch runner {
            case .looking(let action?): continuation.resume(returning: action)
            case .looking(nil) where end == nil: runner = .waiting(continuation)
            case .looking(nil): continuation.resume(returning: nil)
            case .calling, .waiting: preconditionFailure("a lane looks for its next call between two calls")
            }
        }
    }

    private func answer(_ call: LaneAction, in epoch: Int) async {
        handle(await answer(call), of: epoch)
    }

    private func answer(_ call: LaneAction) async -> LaneEvent {
        switch call {
        case .countDeliveries(let id, let names): return .counted(id, await parts.store.counted(names))
        case .verify(let id, let tokens): return .verified(id, await parts.accessTokens.read(tokens))
        case .load(let id, let requests, let budget):
            return .loaded(id, await parts.store.answer(to: requests, budget: budget))
        case .sign(let id, let claims):
            return .signed(id, await parts.accessTokens.sign(claims, logger: logger))
        case .commit(let id, let commits): return .committed(id, await parts.store.answer(to: commits))
        case .release(let id, let messages):
            await parts.store.release(messages, logger: logger)
            return .released(id)
        case .clear(let id, let references):
            do throws(StoreError) { try await parts.store.clear(references) } catch {
                // They are published once more by whoever sweeps the outbox: at least once is the promise.
                logger.debug("published events stay in the outbox", metadata: [LogKey.reason: "\(error.message)"])
            }
            return .cleared(id)
        case .consume, .cancelConsumers, .pauseReading, .publish, .offer, .acknowledge, .close, .startTimer, .enterGate,
            .leaveGate, .report, .finished:
            preconditionFailure("only what takes its time is called and waited for")
        }
    }
}

extension LaneStore {
    fileprivate func counted(_ names: [String]) async -> Result<[Int64], StoreError> {
        do throws(StoreError) { return .success(try await countDeliveries(of: names)) } catch { return .failure(error) }
    }
}
