package import NIOCore

extension AMQPChannel {
    /// Puts the channel into confirm mode, in which it stays.
    package func confirmSelect() async throws(AMQPError) {
        let _: ServerMethod = try await answer { core, answer in core.confirmSelect(answer) }
    }

    /// Publishes messages and waits until the broker has answered for each, in the order given.
    ///
    /// All are encoded into one buffer and leave in one write, together with whatever else this turn of the event loop
    /// writes. An error says nothing of the single messages, which the broker may have, all or some: who wants to know
    /// takes ``outcomes(publishing:timeout:)``.
    ///
    /// - Parameter timeout: Limit on the wait; nil is ``AMQPConfiguration/confirmTimeout``. While the broker takes no
    ///   messages (an alarm), nothing is overdue before ``AMQPConfiguration/alarmTimeout``.
    /// - Throws: `timeout`, `channelClosed`, `connectionClosed`, or what closed the channel: `notFound` for an
    ///   exchange that is not there, `preconditionFailed` for a foreign `user_id` or an `expiration` that is no number.
    ///   `invalidState` without ``confirmSelect()``.
    package func publish(
        _ messages: [AMQPMessage], timeout: TimeAmount? = nil
    ) async throws(AMQPError) -> [AMQPPublishOutcome] {
        try await answer { core, answer in
            core.publish(messages, timeout: timeout) { outcomes, error in
                answer(error.map { .failure($0) } ?? .success(outcomes))
            }
        }
    }

    /// As ``publish(_:timeout:)``, for callers on the event loop that do not want a task: `onOutcomes` is called there.
    package func publish(
        _ messages: [AMQPMessage], timeout: TimeAmount? = nil,
        onOutcomes: @escaping @Sendable (Result<[AMQPPublishOutcome], AMQPError>) -> Void
    ) {
        onLoop { core in
            core.publish(messages, timeout: timeout) { outcomes, error in
                onOutcomes(error.map { .failure($0) } ?? .success(outcomes))
            }
        }
    }

    /// Publishes messages, and says of each what became of it, in the order given, whatever happens: when the channel or
    /// its connection is lost, or the limit is reached, those that the broker had answered for have their outcome, and the
    /// others are `unknown` with the reason. These may be sent again over another connection, and the broker may then have
    /// them twice; the others need not be.
    ///
    /// A timeout leaves the channel as it is: what was published before and after it is confirmed as ever.
    ///
    /// - Parameter timeout: As for ``publish(_:timeout:)``.
    package func outcomes(
        publishing messages: [AMQPMessage], timeout: TimeAmount? = nil
    ) async -> [AMQPPublishOutcome] {
        await withCheckedContinuation { continuation in
            outcomes(publishing: messages, timeout: timeout) { continuation.resume(returning: $0) }
        }
    }

    /// As ``outcomes(publishing:timeout:)``, for callers on the event loop that do not want a task: `onOutcomes` is called
    /// there, once.
    package func outcomes(
        publishing messages: [AMQPMessage], timeout: TimeAmount? = nil,
        onOutcomes: @escaping @Sendable ([AMQPPublishOutcome]) -> Void
    ) {
        onLoop { core in core.publish(messages, timeout: timeout) { outcomes, _ in onOutcomes(outcomes) } }
    }

    /// Publishes on a channel that is not in confirm mode: nobody says whether the messages arrived.
    ///
    /// - Returns: for each message `confirmed`, here only "written", or `unsendable`.
    /// - Throws: what closed the channel or connection; `invalidState` in confirm mode.
    @discardableResult
    package func publishUnconfirmed(_ messages: [AMQPMessage]) async throws(AMQPError) -> [AMQPPublishOutcome] {
        try await answer { core, answer in
            do throws(AMQPError) {
                answer(.success(try core.publishUnconfirmed(messages)))
            } catch { answer(.failure(error)) }
        }
    }

    /// As ``publishUnconfirmed(_:)``, for callers on the event loop that do not want a task and do not want to know.
    package func publishAndForget(_ messages: [AMQPMessage]) {
        onLoop { core in _ = try? core.publishUnconfirmed(messages) }
    }
}
