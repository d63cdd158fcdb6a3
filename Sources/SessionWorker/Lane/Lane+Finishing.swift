import AMQPConnection
import Logging
import Metrics
import NIOCore
import RedisConnection
import SessionContract
import SessionStore
import Synchronization

extension Lane {
    /// Does something beside the batches that follow; `serve` does not end before it is done, and fails if it does.
    func attend(_ work: @escaping @Sendable () async throws -> Void) {
        connections?.tasks += 1
        Task(executorPreference: taskExecutor) { await self.carryThrough(work) }
    }

    private func carryThrough(_ work: @Sendable () async throws -> Void) async {
        do {
            try await work()
        } catch {
            lose(because: error)
        }
        connections?.tasks -= 1
        wake()
    }

    /// Publishes what a batch came to and, once RabbitMQ has it, acknowledges the batch and clears its events from the
    /// outbox. What a consumer's full queue refused holds nobody up: events stay in the outbox, for the relay, and copies
    /// are offered again for a while.
    func finish(_ batch: [LaneItem], _ completions: [Completion]) async throws {
        guard let publisher = connections?.publisher else { return }
        var out = OutgoingBatch()
        out.reserve(batch.count)
        for (item, completion) in zip(batch, completions) {
            outgoing.append(
                completion, of: item.delivery, named: item.work.name, queue: queueNames[item.queue] ?? "", to: &out)
        }
        let bytes = out.heldBytes
        connections?.backlog.beginPublishing(bytes)
        defer {
            connections?.backlog.endPublishing(bytes)
            wake()
        }
        let outcomes = await publish(out, over: publisher)
        let refused = try publisher.refusals(of: out.messages[...], outcomes)
        if refused.allSatisfy({ $0 == nil }) {
            refusals.recordSuccess(now: eventLoop.now)
        } else {
            try await attend(to: refused, of: &out)
        }
        acknowledge(batch)
        await clear(out.references)
    }

    /// Publishes messages and replies without a task for either: this is done for every batch, and a task costs as much as
    /// a command.
    private func publish(_ out: OutgoingBatch, over publisher: ConfirmedPublisher) async -> [AMQPPublishOutcome] {
        await withCheckedContinuation { continuation in
            let both = Settlement { continuation.resume(returning: $0) }
            parts.replies.assumeIsolated { $0.publish(out.replies) { both.settleReplies() } }
            publisher.channel.outcomes(publishing: out.messages) { both.settle($0) }
        }
    }

    /// Does what is to be done with messages that the broker did not take.
    private func attend(to refused: [ConfirmedPublisher.Refusal?], of out: inout OutgoingBatch) async throws {
        var copies: [AMQPMessage] = []
        var quarantined: [AMQPMessage] = []
        var left: Set<OutboxEntry.Reference> = []
        for (index, refusal) in refused.enumerated() {
            guard let refusal else { continue }
            let message = out.messages[index]
            switch (out.kinds[index], refusal) {
            case (.copy, .refused(let reason)):
                copies.append(message)
                record(reason, of: message, "The copies of results are offered again for a minute; commands go on.")
            case (.event(let reference), .refused(let reason)):
                left.insert(reference)
                record(reason, of: message, "The events stay in the outbox and are published again; commands go on.")
            case (.quarantine, .refused): quarantined.append(message)
            case (.quarantine, .unsendable):
                if let smaller = OutgoingMessages.withoutForeignHeaders(message) { quarantined.append(smaller) }
            case (.copy, .unsendable), (.event, .unsendable): break
            }
        }
        out.references.removeAll(where: left.contains)
        offerAgain(copies)
        if !quarantined.isEmpty { try await quarantine(quarantined) }
    }

    private func record(_ reason: String, of message: AMQPMessage, _ remedy: String) {
        refusals.record(1, to: message.exchange, because: reason, remedy: remedy, now: eventLoop.now)
    }

    private func clear(_ references: [OutboxEntry.Reference]) async {
        guard !references.isEmpty else { return }
        do {
            try await parts.processor.store.clear(references)
        } catch {
            // They are published once more by whoever sweeps the outbox: at least once is the promise.
            logger.debug("published events stay in the outbox", metadata: [LogKey.reason: "\(error.message)"])
        }
    }

    func acknowledge(_ batch: [LaneItem]) {
        connections?.finish(batch)
        readAsThereIsRoom()
        connections?.acknowledgeFinished()
    }
}

// MARK: - What was refused

extension Lane {
    /// How long a result's copy is offered to a queue that refuses it.
    private static let copyPatience = TimeAmount.seconds(60)
    /// How often quarantine may refuse before the connection is given up: then the command goes back to its queue.
    private static let quarantineAttempts = 5

    /// Publishes copies again, with growing pauses, until they are taken or have waited long enough. Their commands are
    /// acknowledged meanwhile.
    private func offerAgain(_ copies: [AMQPMessage]) {
        guard let publisher = connections?.publisher else { return }
        let admitted = connections?.refusedCopies.admit(copies) ?? []
        metrics.droppedCopies.increment(by: copies.count - admitted.count)
        guard !admitted.isEmpty else { return }
        Task(executorPreference: taskExecutor) { await self.offer(admitted, over: publisher) }
    }

    private func offer(_ copies: [AMQPMessage], over publisher: ConfirmedPublisher) async {
        let end = eventLoop.now + Self.copyPatience
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(15))
        var random = SystemRandomNumberGenerator()
        var rest = copies
        while !rest.isEmpty, publisher.channel.isOpen, eventLoop.now < end {
            try? await Task.sleep(for: backoff.next(using: &random))
            let outcomes = await publisher.channel.outcomes(publishing: rest)
            rest = zip(rest, outcomes).filter { $1 != .confirmed }.map(\.0)
        }
        metrics.droppedCopies.increment(by: rest.count)
        connections?.refusedCopies.release(copies)
    }

    /// Puts messages into quarantine; returns once it has them.
    ///
    /// - Throws: `AMQPError` if it keeps refusing: nothing may be lost, so the commands are delivered again.
    func quarantine(_ messages: [AMQPMessage]) async throws {
        guard let publisher = connections?.publisher else { return }
        var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))
        var random = SystemRandomNumberGenerator()
        var rest = messages
        for attempt in 1... {
            let outcomes = await publisher.channel.outcomes(publishing: rest)
            let refused = try publisher.refusals(of: rest[...], outcomes)
            rest = zip(rest, refused).compactMap { message, refusal in
                switch refusal {
                case nil: nil
                case .refused: message
                case .unsendable: OutgoingMessages.withoutForeignHeaders(message)
                }
            }
            if rest.isEmpty { return }
            guard attempt < Self.quarantineAttempts else {
                throw AMQPError(.invalidState, "quarantine refused \(rest.count) messages \(attempt) times")
            }
            try await Task.sleep(for: backoff.next(using: &random))
        }
    }
}

/// Waits for two answers, and hands on the one that says something.
private final class Settlement: Sendable {
    private struct State {
        var outcomes: [AMQPPublishOutcome]?
        var areRepliesSettled = false
    }

    private let state = Mutex(State())
    private let done: @Sendable ([AMQPPublishOutcome]) -> Void

    init(_ done: @escaping @Sendable ([AMQPPublishOutcome]) -> Void) {
        self.done = done
    }

    func settle(_ outcomes: [AMQPPublishOutcome]) {
        settle { $0.outcomes = outcomes }
    }

    func settleReplies() {
        settle { $0.areRepliesSettled = true }
    }

    private func settle(_ set: (inout State) -> Void) {
        let outcomes: [AMQPPublishOutcome]? = state.withLock { state in
            set(&state)
            return state.areRepliesSettled ? state.outcomes : nil
        }
        if let outcomes { done(outcomes) }
    }
}
