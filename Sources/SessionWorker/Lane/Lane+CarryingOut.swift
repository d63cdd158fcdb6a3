import AMQPConnection
import Logging
import NIOCore
import SessionContract
import SessionCore
import SessionStore

extension Lane {
    /// Carries a batch out and has it published, again and again with growing delay while the store does not do it.
    func carryOut(_ batch: LaneBacklog.Batch) async throws {
        switch batch {
        case .shared(let items): try await carryOut(try await withoutGivenUp(items), BatchRun())
        case .apart(let items):
            defer { parts.gate.leave() }
            try await carryOut(items, BatchRun(isLarge: true))
        }
    }

    /// How commands are carried out.
    private struct BatchRun {
        /// Whether it is about large subjects, one of which is carried out alone.
        var isLarge = false
        /// Whether it is about commands whose writes the store refused, beside the batches that follow.
        var isApart = false
    }

    /// What was decided and has nothing to store is not held up by what has: while Redis can be read and not written
    /// (out of memory, a replica, too few replicas), the commands it refused are tried again apart from the batches that
    /// follow.
    private func carryOut(_ batch: [LaneItem], _ run: BatchRun) async throws {
        var rest = batch
        let begin = eventLoop.now
        var retry = BatchRetry(begin: begin, isApart: run.isApart)
        var random = SystemRandomNumberGenerator()
        while !rest.isEmpty {
            let processed = await process(rest, run)
            noteWrites(by: rest, processed.failure)
            rest = publish(rest, processed, since: begin)
            guard let failure = processed.failure else { return }
            // Without a broker nobody can be answered; what is kept here is delivered again.
            if let loss = connections?.loss { throw loss }
            switch retry.next(after: failure, of: rest.count, now: eventLoop.now, using: &random) {
            case .again(let delay):
                logRetry(of: rest, failure, after: delay)
                try await Task.sleep(for: delay)
            case .apart(let delay):
                logRetry(of: rest, failure, after: delay)
                return carryOutApart(rest, after: delay)
            case .halves:
                let middle = rest.count / 2
                try await carryOut(Array(rest[..<middle]), run)
                return try await carryOut(Array(rest[middle...]), run)
            case .giveUp: return give(rest, .internal, "it could not be carried out")
            case .unavailable:
                return give(rest, .unavailable, "the session store cannot be reached; nothing happened")
            }
        }
    }

    /// What became of some commands.
    private struct Processed {
        var completions: [Completion?]
        /// Those that went back to the backlog, by their places.
        var left: Set<Int> = []
        var failure: StoreError?
    }

    /// Processes commands; those that there was no room for go back to the backlog.
    private func process(_ items: [LaneItem], _ run: BatchRun) async -> Processed {
        var processed = Processed(completions: [Completion?](repeating: nil, count: items.count))
        do throws(StoreError) {
            let left = try await parts.processor.process(
                items.map(\.work), into: &processed.completions, apart: run.isLarge)
            guard left != LeftCommands() else { return processed }
            let again = left.again.map { items[$0] }
            connections?.backlog.putBack(
                again: run.isLarge ? [] : again, apart: (run.isLarge ? again : []) + left.alone.map { items[$0] })
            processed.left = Set(left.again + left.alone)
        } catch {
            processed.failure = error
        }
        return processed
    }

    /// Has what is complete published; gives what is neither that nor put back.
    private func publish(_ items: [LaneItem], _ processed: Processed, since begin: NIODeadline) -> [LaneItem] {
        var done: [LaneItem] = []
        var rest: [LaneItem] = []
        done.reserveCapacity(items.count)
        for (index, completion) in processed.completions.enumerated() {
            if completion != nil {
                done.append(items[index])
            } else if !processed.left.contains(index) {
                rest.append(items[index])
            }
        }
        guard !done.isEmpty else { return rest }
        let completions = processed.completions.compactMap(\.self)
        metrics.record(batch: completions, seconds: Double((eventLoop.now - begin).nanoseconds) / 1e9)
        publish(done, completions)
        return rest
    }

    private func publish(_ items: [LaneItem], _ completions: [Completion]) {
        log(completions, of: items)
        // Runs here as well, between the steps of the batches that follow.
        attend { try await self.finish(items, completions) }
    }

    /// Has `/readyz` say whether Redis takes writes.
    private func noteWrites(by items: [LaneItem], _ failure: StoreError?) {
        if let failure {
            guard failure.cause == .writesRefused else { return }
            parts.writes.isDown(number, because: failure.message)
            areWritesRefused = true
        } else if areWritesRefused, items.contains(where: { $0.work.message != nil }) {
            parts.writes.isUp(number)
            areWritesRefused = false
        }
    }

    private func logRetry(of items: [LaneItem], _ failure: StoreError, after delay: Duration) {
        logger.warning(
            "Redis did not carry out a batch: it is kept and tried again",
            metadata: [
                LogKey.count: "\(items.count)", LogKey.reason: "\(failure.message)",
                LogKey.nextAttemptMs: "\(delay.wholeMilliseconds)",
            ])
    }

    private func carryOutApart(_ items: [LaneItem], after delay: Duration) {
        attend {
            try await Task.sleep(for: delay)
            try await self.carryOut(items, BatchRun(isApart: true))
        }
    }

    /// Answers without the store. There is none to ask for the time, and this time decides nothing.
    private func give(_ items: [LaneItem], _ code: Failure.Code, _ message: String) {
        let now = Timestamp.wallClock
        let completions = items.map { item in
            let outcome: Outcome =
                switch item.work.content {
                case .command: .failed(Failure(code, message))
                case .unreadable(let own): .failed(own)
                case .refused(let rejection): .rejected(rejection)
                }
            return Completion(outcome, of: item.work, at: now, resultID: parts.processor.resultNames.next())
        }
        metrics.record(batch: completions, seconds: 0)
        publish(items, completions)
    }

    /// What an operator has to know of single commands: those that could not be read or carried out.
    private func log(_ completions: [Completion], of batch: [LaneItem]) {
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
