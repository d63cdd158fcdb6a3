import BasicContainers
import NIOCore
import SessionContract
import SessionCore
import SessionStorage

// From the current batch to its completions.
extension LaneState {
    mutating func start(
        _ kind: BatchRun.Kind, _ batch: consuming UnacknowledgedBatch, now: NIODeadline, _ actions: inout [LaneAction]
    ) {
        let run = BatchRun(batch, id: BatchID(number: nextNumber()), kind: kind, begin: now)
        switch kind {
        case .shared: countOrProcess(run, now: now, &actions)
        case .large, .beside: process(run, now: now, &actions)
        }
    }

    mutating func process(_ run: consuming BatchRun, now: NIODeadline, _ actions: inout [LaneAction]) {
        var process = BatchProcess(run.batch.items.map(\.work), apart: run.kind.isLarge, isPatient: true)
        let step = process.begin(by: parts.decider)
        run.stage = .processing(process)
        follow(step, run, now: now, &actions)
    }

    /// Passes an answer to the batch's process.
    mutating func advance(
        _ id: BatchID, now: NIODeadline, _ actions: inout [LaneAction],
        _ answer: (inout BatchProcess, CommandDecider) -> BatchProcess.Step
    ) {
        guard var run = takeRun(id), case .processing(var process) = run.leaveStage() else {
            preconditionFailure("no batch is waiting for this answer")
        }
        if case .lost = phase { return drop(run, &actions) }
        let step = answer(&process, parts.decider)
        run.stage = .processing(process)
        follow(step, run, now: now, &actions)
    }

    private mutating func follow(
        _ step: BatchProcess.Step, _ run: consuming BatchRun, now: NIODeadline, _ actions: inout [LaneAction]
    ) {
        let id = run.id
        switch step {
        case .verify(let tokens): actions.append(.verify(id, tokens))
        case .load(let requests, let budget):
            trace(.load(id), size: requests.count, of: run, &actions)
            actions.append(.load(id, requests, budget))
        case .commit(let commits):
            trace(.commit(id), size: commits.count, of: run, &actions)
            actions.append(.commit(id, commits))
        case .release(let messages): actions.append(.release(id, messages))
        case .finished: return conclude(run, now: now, &actions)
        }
        keep(run)
    }

    private func trace(
        _ call: LaneCall, size: Int, of run: borrowing BatchRun, _ actions: inout [LaneAction]
    ) {
        guard parts.tracer != nil, case .processing(let process) = run.stage else { return }
        let items = run.batch.items
        trace(call, size: size, for: process.placesUnderWay.lazy.map { items[$0] }, &actions)
    }

    /// Reports a call to a server, if any of its commands is traced.
    func trace(
        _ call: LaneCall, size: Int, for items: some Sequence<LaneItem>, _ actions: inout [LaneAction]
    ) {
        guard parts.tracer != nil else { return }
        let spans = items.compactMap(\.span)
        if !spans.isEmpty { actions.append(.report(.calls(call, size: size, spans))) }
    }

    /// Publishes what is complete, puts back what did not fit, and retries the rest. Commands with nothing to store are
    /// not delayed by those with something to store.
    private mutating func conclude(_ run: consuming BatchRun, now: NIODeadline, _ actions: inout [LaneAction]) {
        guard case .processing(let process) = run.leaveStage() else {
            preconditionFailure("the batch is not being processed")
        }
        reportWrites(by: run.batch, process.failure, &actions)
        let done = takeCompleted(of: &run, process)
        if !done.isEmpty {
            let completions = process.completions.compactMap(\.self)
            let seconds = Double((now - run.begin).nanoseconds) / 1e9
            actions.append(.report(.completed(done.items, completions, seconds: seconds)))
            publish(done, completions, &actions)
        }
        guard let failure = process.failure else {
            precondition(run.batch.isEmpty, "every executed command has a completion or was put back")
            return goOn(after: run, now: now, &actions)
        }
        tryAgain(run, after: failure, now: now, &actions)
    }

    /// Divides a processed batch: what did not fit returns to the backlog, and what is neither complete nor put back
    /// stays.
    private mutating func takeCompleted(of run: inout BatchRun, _ process: BatchProcess) -> UnacknowledgedBatch {
        let left = process.left
        if left == LeftCommands(), process.failure == nil { return backlog.splitAll(&run.batch) }
        let isLarge = run.kind.isLarge
        let turns = run.batch.items.indices.map { place -> LaneBacklog.Turn? in
            if left.alone.contains(place) { return .apart }
            return left.again.contains(place) ? (isLarge ? .apart : .shared) : nil
        }
        let again = backlog.split(&run.batch) { turns[$0] == .shared }
        let unsharedTurns = turns.filter { $0 != .shared }
        let apart = backlog.split(&run.batch) { unsharedTurns[$0] == .apart }
        let completions = zip(turns, process.completions).filter { $0.0 == nil }.map(\.1)
        backlog.putBack(again, .shared)
        backlog.putBack(apart, .apart)
        return backlog.split(&run.batch) { completions[$0] != nil }
    }

    /// Part of a batch is done: begins its next part, or allows the next batch.
    private mutating func goOn(after run: consuming BatchRun, now: NIODeadline, _ actions: inout [LaneAction]) {
        if run.takeNextPart(now: now) { return process(run, now: now, &actions) }
        if run.kind.isLarge { leaveGate(&actions) }
    }

    /// Makes `/readyz` report whether the store accepts writes.
    private mutating func reportWrites(
        by batch: borrowing UnacknowledgedBatch, _ failure: StoreError?, _ actions: inout [LaneAction]
    ) {
        if let failure {
            guard failure.cause == .writesRefused else { return }
            writes = .refused
            actions.append(.report(.writesRefused(failure.message)))
        } else if areWritesRefused, batch.items.contains(where: { $0.work.message != nil }) {
            writes = .taken
            actions.append(.report(.writesRefused(nil)))
        }
    }
}

// MARK: - Retrying

extension LaneState {
    /// Commands that may wait for a key, or to be put back: a fraction of the prefetch, so that a key that never comes does
    /// not stop a queue.
    private static let mostWaiting = 128

    private mutating func tryAgain(
        _ run: consuming BatchRun, after failure: StoreError, now: NIODeadline, _ actions: inout [LaneAction]
    ) {
        let count = run.batch.count
        let step = run.retry.next(after: failure, of: count, now: now, using: &random)
        switch step {
        case .again(let delay):
            run.stage = .pausing
            actions.append(.report(.retry(count, failure, after: delay)))
            actions.append(.startTimer(.retry(run.id), after: delay))
            keep(run)
        case .apart
        where !run.retry.mayHaveHappened && failure.cause.concernsRecords && commandsBeside + count > Self.mostWaiting:
            answer(run, failure.cause.unavailable, now: now, &actions)
        case .apart(let delay):
            var apart = BatchRun(
                backlog.splitAll(&run.batch), id: BatchID(number: nextNumber()), kind: .beside, begin: now,
                mayHaveHappened: run.retry.mayHaveHappened)
            apart.stage = .pausing
            actions.append(.report(.retry(count, failure, after: delay)))
            actions.append(.startTimer(.retry(apart.id), after: delay))
            beside.append(apart)
            goOn(after: run, now: now, &actions)
        case .halves:
            run.putAside(backlog.split(&run.batch) { $0 >= count / 2 })
            run.beginAnew(now: now)
            process(run, now: now, &actions)
        case .putBack: putBack(run, because: failure, now: now, &actions)
        case .giveUp:
            let failure = Failure(.internal, "the command could not be executed", detail: failure.message)
            answer(run, failure, now: now, &actions)
        case .unavailable:
            answer(run, failure.cause.unavailable, now: now, &actions)
        }
    }

    /// Returns commands for a later version to their queues, and answers those that have been returned often enough: it seems
    /// that there is no such worker.
    private mutating func putBack(
        _ run: consuming BatchRun, because failure: StoreError, now: NIODeadline, _ actions: inout [LaneAction]
    ) {
        // Whether those had an effect is unknown, so they are not answered; after many deliveries they are quarantined.
        let isUncertain = run.retry.mayHaveHappened
        let goBack = run.batch.items.map { isUncertain || $0.mayBePutBack }
        let back = backlog.giveBack(backlog.split(&run.batch) { goBack[$0] })
        if !back.deliveries.isEmpty { actions.append(.putBack(back.deliveries)) }
        if !back.acknowledgements.isEmpty { actions.append(.acknowledge(back.acknowledgements)) }
        readAsThereIsRoom(&actions)
        if run.batch.isEmpty { return goOn(after: run, now: now, &actions) }
        answer(run, failure.cause.unavailable, now: now, &actions)
    }

    /// Commands that are processed alongside later batches.
    private var commandsBeside: Int {
        beside.indices.reduce(0) { $0 + beside[$1].batch.count }
    }

    /// The pause before a retry is over.
    mutating func retry(_ id: BatchID, now: NIODeadline, _ actions: inout [LaneAction]) {
        // The batch is gone if the lane was lost in the meantime.
        guard let run = takeRun(id) else { return }
        process(run, now: now, &actions)
    }

    /// Answers commands without the store. The wall clock only dates the result; it decides nothing.
    private mutating func answer(
        _ run: consuming BatchRun, _ failure: Failure, now: NIODeadline, _ actions: inout [LaneAction]
    ) {
        let moment = parts.wallClock()
        let completions = run.batch.items.map { item in
            let outcome: Outcome =
                switch item.work.content {
                case .command: .failed(failure)
                case .unreadable(let own): .failed(own)
                case .rejected(let rejection): .rejected(rejection)
                }
            return parts.decider.complete(outcome, of: item.work, at: moment)
        }
        let answered = backlog.splitAll(&run.batch)
        actions.append(.report(.completed(answered.items, completions, seconds: 0)))
        publish(answered, completions, &actions)
        goOn(after: run, now: now, &actions)
    }
}

extension StoreError.Cause {
    /// Whether commands wait because of single records, or of what they are themselves.
    fileprivate var concernsRecords: Bool {
        switch self {
        case .keyUnknown, .laterVersion: true
        case .away, .writesRefused, .refused: false
        }
    }

    /// The answer to commands that have waited long enough.
    fileprivate var unavailable: Failure {
        switch self {
        case .keyUnknown: .keyUnknown
        case .laterVersion: .laterVersion
        case .away, .writesRefused, .refused:
            Failure(.unavailable, "the session store is unreachable; nothing happened")
        }
    }
}

// MARK: - Batches in progress

extension LaneState {
    /// Takes a batch out, to be put back after it is changed.
    mutating func takeRun(_ id: BatchID) -> BatchRun? {
        if let number = inTurn?.id, number == id { return inTurn.take() }
        for place in beside.indices where beside[place].id == id { return beside.remove(at: place) }
        return nil
    }

    mutating func keep(_ run: consuming BatchRun) {
        switch run.kind {
        case .shared, .large: inTurn = consume run
        case .beside: beside.append(consume run)
        }
    }

    /// Gives up a batch of a lost lane.
    mutating func drop(_ run: consuming BatchRun, _ actions: inout [LaneAction]) {
        if run.kind.isLarge { leaveGate(&actions) }
    }
}
