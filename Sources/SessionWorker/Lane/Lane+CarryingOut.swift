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

    /// Reads a batch and carries it out, again and again with growing delay while Redis cannot be reached.
    ///
    /// Commands that may have had their effect are kept for as long as it takes: `unavailable` says that nothing
    /// happened.
    func carryOut(_ batch: [Item]) async throws -> [Completion] {
        let begin = eventLoop.now
        let completions = try await complete(batch.map { reader.read($0.delivery) })
        metrics.record(batch: completions, seconds: Double((eventLoop.now - begin).nanoseconds) / 1e9)
        log(completions, of: batch)
        return completions
    }

    private func complete(_ work: [Work]) async throws -> [Completion] {
        let begin = eventLoop.now
        var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))
        var random = SystemRandomNumberGenerator()
        var mayHaveHappened = false
        var failures = 0
        while true {
            do throws(StoreError) {
                return try await processor.process(work)
            } catch {
                // Without a broker nobody can be answered; what is kept here is delivered again.
                if let lost { throw lost }
                mayHaveHappened = mayHaveHappened || error.mayHaveHappened
                if !error.isPassing { failures += 1 }
                if failures >= Self.failuresOfBatch, work.count > 1 { return try await completeInHalves(work) }
                if failures >= Self.failuresOfCommand { return give(work, .internal, "it could not be carried out") }
                if !mayHaveHappened, eventLoop.now - begin > Self.patience {
                    return give(work, .unavailable, "the session store cannot be reached; nothing happened")
                }
                let delay = backoff.next(using: &random)
                logger.warning(
                    "Redis did not carry out a batch: it is kept and tried again",
                    metadata: [
                        LogKey.count: "\(work.count)", LogKey.reason: "\(error.message)",
                        LogKey.nextAttemptMs: "\(delay.wholeMilliseconds)",
                    ])
                try await Task.sleep(for: delay)
            }
        }
    }

    private func completeInHalves(_ work: [Work]) async throws -> [Completion] {
        let middle = work.count / 2
        let first = try await complete(Array(work[..<middle]))
        return first + (try await complete(Array(work[middle...])))
    }

    /// Answers without the store. There is none to ask for the time, and this time decides nothing.
    private func give(_ work: [Work], _ givenCode: Failure.Code, _ message: String) -> [Completion] {
        let now = Timestamp.wallClock
        return work.map { work in
            var failure: Failure?
            let outcome: Outcome
            let code: String
            switch work.content {
            case .command:
                let given = Failure(givenCode, message)
                (failure, outcome, code) = (given, .failed(given), given.code.rawValue)
            case .unreadable(let own): (failure, outcome, code) = (own, .failed(own), own.code.rawValue)
            case .refused(let rejection): (outcome, code) = (.rejected(rejection), rejection.code.rawValue)
            }
            return Completion(
                at: now, result: ResultWriter.write(outcome, of: work.name, commandID: work.commandID, at: now),
                resultID: processor.resultNames.next(), failure: failure, code: code)
        }
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
                    LogKey.messageId: "\(item.delivery.properties.messageID ?? "-")",
                    LogKey.appId: "\(item.delivery.properties.appID ?? "-")",
                ])
        }
    }
}
