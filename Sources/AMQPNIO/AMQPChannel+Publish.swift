package import NIOCore

extension AMQPChannel {
    /// Switches the channel to confirm mode for good.
    package func confirmSelect() async throws(AMQPError) {
        let _: ServerMethod = try await answer { core, answer in core.confirmSelect(answer) }
    }

    /// Publishes messages, in order, and waits until the broker has answered for each of them.
    ///
    /// All messages are encoded into one buffer and leave in one write, together with anything else this turn of the
    /// event loop writes. An error says nothing about individual messages: the broker may have any of them. Use
    /// ``outcomes(publishing:timeout:)`` to learn what became of each one.
    ///
    /// - Parameter timeout: Limit on the wait; nil means ``AMQPConfiguration/confirmTimeout``. While the broker blocks
    ///   publishers (an alarm), the wait is extended, up to ``AMQPConfiguration/alarmTimeout``.
    /// - Throws: `timeout`, `channelClosed`, `connectionClosed`, or the error that closed the channel: `notFound` for a
    ///   missing exchange, `preconditionFailed` for a `user_id` of another user or an `expiration` that is not a
    ///   number. `invalidState` without ``confirmSelect()``.
    package func publish(
        _ messages: [AMQPMessage], timeout: TimeAmount? = nil
    ) async throws(AMQPError) -> [AMQPPublishOutcome] {
        try await answer { core, answer in
            core.publish(messages, timeout: timeout) { outcomes, error in
                answer(error.map { .failure($0) } ?? .success(outcomes))
            }
        }
    }

    /// Like ``publish(_:timeout:)``, for callers on the event loop that do not want a task: `onOutcomes` is called
    /// there.
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

    /// Publishes messages, in order, and always returns the outcome of each one. If the channel or its connection is
    /// lost, or the limit is reached, messages that the broker has answered for have their outcome and the others are
    /// `unknown`, with the reason. Those may be sent again over another connection, and the broker may then have
    /// duplicates; the others need not be.
    ///
    /// A timeout leaves the channel open: confirms for other messages still arrive.
    ///
    /// - Parameter timeout: As for ``publish(_:timeout:)``.
    package func outcomes(
        publishing messages: [AMQPMessage], timeout: TimeAmount? = nil
    ) async -> [AMQPPublishOutcome] {
        await withCheckedContinuation { continuation in
            outcomes(publishing: messages, timeout: timeout) { continuation.resume(returning: $0) }
        }
    }

    /// Like ``outcomes(publishing:timeout:)``, for callers on the event loop that do not want a task: `onOutcomes` is
    /// called there, once.
    package func outcomes(
        publishing messages: [AMQPMessage], timeout: TimeAmount? = nil,
        onOutcomes: @escaping @Sendable ([AMQPPublishOutcome]) -> Void
    ) {
        onLoop { core in core.publish(messages, timeout: timeout) { outcomes, _ in onOutcomes(outcomes) } }
    }

    /// Publishes on a channel that is not in confirm mode: there is no telling whether the messages arrive.
    ///
    /// - Returns: for each message `confirmed`, which only means "written" here, or `unsendable`.
    /// - Throws: the error that closed the channel or connection; `invalidState` in confirm mode.
    @discardableResult
    package func publishUnconfirmed(_ messages: [AMQPMessage]) async throws(AMQPError) -> [AMQPPublishOutcome] {
        try await answer { core, answer in
            do throws(AMQPError) {
                answer(.success(try core.publishUnconfirmed(messages)))
            } catch { answer(.failure(error)) }
        }
    }

    /// Like ``publishUnconfirmed(_:)``, for callers on the event loop that need neither a task nor the outcomes.
    package func publishAndForget(_ messages: [AMQPMessage]) {
        onLoop { core in _ = try? core.publishUnconfirmed(messages) }
    }
}
