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

    /// Reads a batch and carries it out, again and again with growing delay while Redis cannot be reached.
    ///
    /// Commands that may have had their effect are kept for as long as it takes: `unavailable` says that nothing
    /// happened.
    func carryOut(_ batch: [Item]) async throws(CancellationError) -> [Completion] {
        let work = batch.map { reader.read($0.delivery) }
        let begin = eventLoop.now
        var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))
        var random = SystemRandomNumberGenerator()
        var mayHaveHappened = false
        while true {
            do {
                let completions = try await processor.process(work)
                metrics.record(batch: completions, seconds: Double((eventLoop.now - begin).nanoseconds) / 1e9)
                log(completions, of: batch)
                return completions
            } catch {
                mayHaveHappened = mayHaveHappened || error.mayHaveHappened
                let delay = backoff.next(using: &random)
                logger.warning(
                    "Redis did not carry out a batch: it is kept and tried again",
                    metadata: [
                        LogKey.count: "\(batch.count)", LogKey.reason: "\(error.message)",
                        LogKey.nextAttemptMs: "\(delay.wholeMilliseconds)",
                    ])
                if !mayHaveHappened, eventLoop.now - begin > Self.patience { return unavailable(work) }
                do { try await Task.sleep(for: delay) } catch { throw CancellationError() }
            }
        }
    }

    private func unavailable(_ work: [Work]) -> [Completion] {
        let failure = Failure(.unavailable, "the session store cannot be reached; nothing happened")
        // There is no store to ask for the time, and this time decides nothing.
        let now = Timestamp.wallClock
        return work.map { work in
            Completion(
                at: now,
                result: ResultWriter.write(.failed(failure), of: work.name, commandID: work.commandID, at: now),
                resultID: processor.resultNames.next(), failure: failure)
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
