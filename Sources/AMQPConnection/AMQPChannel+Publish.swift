package import NIOCore

extension AMQPChannel {
    /// Puts the channel into confirm mode, in which it stays.
    package func confirmSelect() async throws(AMQPError) {
        let _: ServerMethod = try await answer { core, answer in core.confirmSelect(answer) }
    }

    /// Publishes messages and waits until the broker has answered for each, in the order given.
    ///
    /// All are encoded into one buffer and leave in one write, together with whatever else this turn of the event loop
    /// writes. A timeout says nothing about its messages: the broker may have them.
    ///
    /// - Parameter timeout: Limit on the wait; nil is ``AMQPConfiguration/confirmTimeout``.
    /// - Throws: `timeout`, `channelClosed`, `connectionClosed`, or what closed the channel: `notFound` for an
    ///   exchange that is not there, `preconditionFailed` for a foreign `user_id` or an `expiration` that is no number.
    ///   `invalidState` without ``confirmSelect()``.
    package func publish(
        _ messages: [AMQPMessage], timeout: TimeAmount? = nil
    ) async throws(AMQPError) -> [AMQPPublishOutcome] {
        try await answer { core, answer in core.publish(messages, timeout: timeout, answer) }
    }

    /// As ``publish(_:timeout:)``, for callers on the event loop that do not want a task: `onOutcomes` is called there.
    package func publish(
        _ messages: [AMQPMessage], timeout: TimeAmount? = nil,
        onOutcomes: @escaping @Sendable (Result<[AMQPPublishOutcome], AMQPError>) -> Void
    ) {
        onLoop { $0.publish(messages, timeout: timeout, onOutcomes) }
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
