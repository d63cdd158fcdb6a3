import AMQPNIO
import LogMetadata
import Logging
import NIOCore
import SessionContract
import SessionCore
import SessionStorage

/// Drives a ``LaneState`` on one event loop, without locks: runs its actions and passes it their outcomes. Decides
/// nothing.
///
/// The store calls of the current batch are made by one task that lives as long as the connections, because one task
/// per call would cost as much as a command.
actor Lane<Store: LaneStore, Broker: LaneBroker> {
    /// The parts of a lane besides its state.
    struct Parts {
        let state: LaneState.Parts
        let store: Store
        /// Named as in metrics.
        let load: LaneLoad
        /// Held while a large subject is processed.
        let gate: LargeSubjectGate
    }

    /// What the task of `serve` is doing.
    private enum Runner {
        /// Between two calls; contains the next call, if there is one.
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
    private var load: LaneLoad
    private var traces: LaneTraces
    /// `nil` while not connected.
    private var state: LaneState?
    private var broker: Broker?
    /// Incremented for each pair of connections, so that events of earlier ones are ignored.
    private var epoch = 0
    private var runner = Runner.calling
    /// Actions to run, in order.
    private var actions: [LaneAction] = []
    private var isActing = false
    /// How the state ended.
    private var end: Result<Void, any Error>?
    /// Whether the lane must not consume again, over any connections.
    private var isStopping = false
    private var areWritesRefused = false

    init(on eventLoop: any EventLoop, parts: Parts, log: LaneLog, logger: Logger) {
        self.eventLoop = eventLoop
        taskExecutor = EventLoopTaskExecutor(eventLoop)
        self.parts = parts
        load = parts.load
        traces = LaneTraces(parts.state.tracer)
        self.log = log
        self.logger = logger
    }

    /// Consumes until the lane is drained, and returns; or until a connection fails, and throws the reason. Unfinished
    /// deliveries then return to their queues.
    func serve(over broker: Broker) async throws {
        if isStopping { return }
        // It may have been abandoned while it was not connected.
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
        load.record(nil)
        traces.abandon()
        self.broker = nil
        try end?.get()
    }

    /// Gives up everything unfinished: `serve` throws, and the broker redelivers.
    ///
    /// A task that called this could run after the event loop has shut down; what is enqueued here cannot.
    nonisolated func abandon() {
        eventLoop.execute {
            self.assumeIsolated { $0.handle(.lost(CancellationError()), of: $0.epoch) }
        }
    }

    /// Stops consuming. `serve` returns once everything in flight is finished.
    func drain() {
        isStopping = true
        handle(.drain, of: epoch)
    }
}

// MARK: - Events and actions

extension Lane {
    private func handle(_ event: consuming LaneEvent, of epoch: Int) {
        guard epoch == self.epoch, state != nil else { return }
        traces.record(event)
        state?.handle(event, now: eventLoop.now, into: &actions)
        act()
        load.record(state?.backlog)
    }

    /// Runs the pending actions, and those that they cause at once.
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
        case .record(let id, let records): record(records, of: id)
        case .publish(let id, let messages, let replies):
            publish(messages, replies: replies) { .published(id, $0.outcomes, isChannelOpen: $0.isChannelOpen) }
        case .offer(let id, let messages):
            publish(messages, replies: []) { .offered(id, $0.outcomes, isChannelOpen: $0.isChannelOpen) }
        case .acknowledge(let acknowledgements): broker?.acknowledge(acknowledgements)
        case .putBack(let deliveries): broker?.putBack(deliveries)
        case .close: run { await $1.close() }
        case .countDeliveries, .verify, .load, .commit, .release, .clear: call(action)
        case .startTimer(let timer, let delay):
            eventLoop.scheduleTask(in: TimeAmount(delay)) {
                self.assumeIsolated { $0.handle(.timerFired(timer), of: epoch) }
            }
        case .enterGate: enterGate()
        case .leaveGate: parts.gate.leave()
        case .report(let report):
            log.record(report, now: eventLoop.now)
            traces.record(report)
        case .finished(let error): finish(error)
        }
    }

    private func publish(
        _ messages: [AMQPMessage], replies: [AMQPMessage], _ event: @escaping @Sendable (PublishAnswer) -> LaneEvent
    ) {
        guard let broker else { return }
        let epoch = epoch
        let count = messages.count + replies.count
        let begin = eventLoop.now
        load.beganPublishing(count)
        broker.publish(messages, replies: replies) { answer in
            self.assumeIsolated { lane in
                lane.load.endedPublishing(count, begin: begin, now: lane.eventLoop.now)
                lane.handle(event(answer), of: epoch)
            }
        }
    }

    private func record(_ records: [AuditRecord], of id: PublicationID) {
        guard let log = parts.state.outgoing.audit?.log else {
            preconditionFailure("only with an audit log there are records")
        }
        let epoch = epoch
        log.record(records) { [eventLoop] in
            eventLoop.execute { self.assumeIsolated { $0.handle(.recorded(id), of: epoch) } }
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

    /// Runs a broker request concurrently.
    private func run(_ work: @escaping @Sendable (Lane, Broker) async -> Void) {
        guard let broker else { return }
        Task(executorPreference: taskExecutor) { await work(self, broker) }
    }

    private func consumerWasCancelled(of queue: Topology.CommandQueue, _ epoch: Int) {
        let name = parts.state.name(of: queue)
        let error = AMQPError(.notFound, "RabbitMQ cancelled the consumer of \(name): was the queue deleted?")
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

// MARK: - Calls to the store

extension Lane {
    /// Makes a call: on the task of `serve` if it is free, otherwise on a new task.
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

    /// The next call for the task of `serve`; `nil` when there will be no more.
    private func nextCall() async -> LaneAction? {
        if case .looking(let action?) = runner { return action }
        return await withCheckedContinuation { continuation in
            // Asking for a continuation may suspend, and an event in between may bring a call or the end. Deciding to
            // wait before asking would miss it, and the lane would hang forever.
            switch runner {
            case .looking(let action?): continuation.resume(returning: action)
            case .looking(nil) where end == nil: runner = .waiting(continuation)
            case .looking(nil): continuation.resume(returning: nil)
            case .calling, .waiting: preconditionFailure("the next call is requested between two calls")
            }
        }
    }

    private func answer(_ call: LaneAction, in epoch: Int) async {
        handle(await answer(call), of: epoch)
    }

    private func answer(_ call: LaneAction) async -> LaneEvent {
        switch call {
        case .countDeliveries(let id, let names): return .counted(id, await parts.store.counted(names))
        case .verify(let id, let tokens): return .verified(id, await parts.state.decider.accessTokens.read(tokens))
        case .load(let id, let requests, let budget):
            return .loaded(id, await parts.store.answer(to: requests, budget: budget))
        case .commit(let id, let commits): return .committed(id, await parts.store.answer(to: commits))
        case .release(let id, let messages):
            await parts.store.release(messages, logger: logger)
            return .released(id)
        case .clear(let id, let references):
            do throws(StoreError) { try await parts.store.clear(references) } catch {
                // The relay publishes them again: delivery is at least once.
                logger.debug("published events stay in the outbox", metadata: [LogKey.reason: "\(error.message)"])
            }
            return .cleared(id)
        case .consume, .cancelConsumers, .pauseReading, .record, .publish, .offer, .acknowledge, .putBack, .close,
            .startTimer,
            .enterGate,
            .leaveGate, .report, .finished:
            preconditionFailure("not an asynchronous call")
        }
    }
}

extension LaneStore {
    fileprivate func counted(_ names: [String]) async -> Result<[Int64], StoreError> {
        do throws(StoreError) { return .success(try await countDeliveries(of: names)) } catch { return .failure(error) }
    }
}
