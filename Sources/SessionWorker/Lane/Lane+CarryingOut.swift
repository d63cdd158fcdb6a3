import AMQPConnection
import Logging
import NIOCore
import RedisConnection
import SessionContract
import SessionCore
import SessionStore

extension Lane {
    /// How long a batch is kept for a Redis that is not there, before its commands are answered with `unavailable`.
    static let patience: TimeAmount = .seconds(60)
    /// How often a batch may fail with Redis there before it is tried in halves: something in it may be the reason.
    private static let failuresOfBatch = 3
    /// How often a single command may fail so before it is given up.
    private static let failuresOfCommand = 8

    /// Carries a batch out and has it published, again and again with growing delay while Redis cannot be reached.
    ///
    /// What was decided and has nothing to store is not held up by what has: while Redis can be read and not written
    /// (out of memory, a replica, too few replicas), the commands it refused are tried again apart from the batches that
    /// follow. Commands that may have had their effect are kept for as long as it takes: `unavailable` says that
    /// nothing happened.
    ///
    /// - Parameter isApart: whether this is about such refused commands, and nobody waits for it.
    func carryOut(_ batch: [Item], over publisher: ConfirmedPublisher, isApart: Bool = false) async throws {
        var rest = batch
        let begin = eventLoop.now
        var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))
        var random = SystemRandomNumberGenerator()
        var mayHaveHappened = false
        var failures = 0
        while true {
            var completions = [Completion?](repeating: nil, count: rest.count)
            let failure = await process(rest, into: &completions)
            noteWrites(by: rest, failure)
            rest = publish(rest, completions, since: begin, over: publisher)
            guard let failure else { return }
            // Without a broker nobody can be answered; what is kept here is delivered again.
            if let lost { throw lost }
            mayHaveHappened = mayHaveHappened || failure.mayHaveHappened
            if failure.cause == .refused { failures += 1 }
            if failures >= Self.failuresOfBatch, rest.count > 1 {
                return try await carryOutHalves(of: rest, over: publisher, isApart: isApart)
            }
            if failures >= Self.failuresOfCommand {
                return give(rest, .internal, "it could not be carried out", over: publisher)
            }
            if !mayHaveHappened, eventLoop.now - begin > Self.patience {
                return give(
                    rest, .unavailable, "the session store cannot be reached; nothing happened", over: publisher)
            }
            let delay = backoff.next(using: &random)
            logger.warning(
                "Redis did not carry out a batch: it is kept and tried again",
                metadata: [
                    LogKey.count: "\(rest.count)", LogKey.reason: "\(failure.message)",
                    LogKey.nextAttemptMs: "\(delay.wholeMilliseconds)",
                ])
            if failure.cause == .writesRefused, !isApart { return carryOutApart(rest, after: delay, over: publisher) }
            try await Task.sleep(for: delay)
        }
    }

    private func process(_ items: [Item], into completions: inout [Completion?]) async -> StoreError? {
        do throws(StoreError) {
            try await processor.process(items.map(\.work), into: &completions)
            return nil
        } catch {
            return error
        }
    }

    /// Has what is complete published; gives the rest.
    private func publish(
        _ items: [Item], _ completions: [Completion?], since begin: NIODeadline, over publisher: ConfirmedPublisher
    ) -> [Item] {
        var done: [Item] = []
        var rest: [Item] = []
        done.reserveCapacity(items.count)
        for (item, completion) in zip(items, completions) {
            if completion == nil { rest.append(item) } else { done.append(item) }
        }
        if !done.isEmpty { publish(done, completions.compactMap(\.self), since: begin, over: publisher) }
        return rest
    }

    private func publish(
        _ items: [Item], _ completions: [Completion], since begin: NIODeadline, over publisher: ConfirmedPublisher
    ) {
        metrics.record(batch: completions, seconds: Double((eventLoop.now - begin).nanoseconds) / 1e9)
        log(completions, of: items)
        // Runs here as well, between the steps of the batches that follow.
        attend { try await self.finish(items, completions, over: publisher) }
    }

    /// Has `/readyz` say whether Redis takes writes.
    private func noteWrites(by items: [Item], _ failure: StoreError?) {
        if let failure {
            guard failure.cause == .writesRefused else { return }
            writes.isDown(number, because: failure.message)
            areWritesRefused = true
        } else if areWritesRefused, items.contains(where: { $0.work.message != nil }) {
            writes.isUp(number)
            areWritesRefused = false
        }
    }

    private func carryOutApart(_ items: [Item], after delay: Duration, over publisher: ConfirmedPublisher) {
        attend {
            try await Task.sleep(for: delay)
            try await self.carryOut(items, over: publisher, isApart: true)
        }
    }

    private func carryOutHalves(of items: [Item], over publisher: ConfirmedPublisher, isApart: Bool) async throws {
        let middle = items.count / 2
        try await carryOut(Array(items[..<middle]), over: publisher, isApart: isApart)
        try await carryOut(Array(items[middle...]), over: publisher, isApart: isApart)
    }

    /// Answers without the store. There is none to ask for the time, and this time decides nothing.
    private func give(_ items: [Item], _ code: Failure.Code, _ message: String, over publisher: ConfirmedPublisher) {
        let now = Timestamp.wallClock
        let completions = items.map { item in
            let outcome: Outcome =
                switch item.work.content {
                case .command: .failed(Failure(code, message))
                case .unreadable(let own): .failed(own)
                case .refused(let rejection): .rejected(rejection)
                }
            return Completion(outcome, of: item.work, at: now, resultID: processor.resultNames.next())
        }
        publish(items, completions, since: eventLoop.now, over: publisher)
    }

    /// What an operator has to know of single commands: those that could not be read or carried out.
    private func log(_ completions: [Completion], of batch: [Item]) {
        for (item, completion) in zip(batch, completions) {
            guard let failure = completion.failure else { continue }
            logger.info(
                "a command failed",
                metadata: [
                    LogKey.command: "\(completion.result.command)", LogKey.code: "\(failure.code.rawValue)",
                    LogKey.reason: "\(failure.path.map { "\($0) " } ?? "")\(failure.message)",
                    LogKey.queue: "\(queueNames[item.queue] ?? "")",
                    LogKey.messageId: "\(SenderText.id(item.delivery.properties.messageID))",
                    LogKey.appId: "\(SenderText.id(item.delivery.properties.appID))",
                ])
        }
    }
}
