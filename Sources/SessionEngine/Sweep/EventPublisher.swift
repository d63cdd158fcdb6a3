import AMQPNIO
package import SessionStorage

/// Publishes events for the sweeps, and waits for the broker's answers.
package protocol EventPublisher: Sendable {
    /// - Returns: for each event why it was refused, or `nil` if it was confirmed.
    /// - Throws: if the connection was lost before all were answered.
    func publish(_ events: [OutgoingEvent]) async throws -> [PublishRefusal?]
}

struct AMQPEventPublisher: EventPublisher {
    let publisher: ConfirmedPublisher
    let outgoing: OutgoingMessages

    func publish(_ events: [OutgoingEvent]) async throws -> [PublishRefusal?] {
        guard !events.isEmpty else { return [] }
        if let audit = outgoing.audit { try await audit.log.record(events.map(audit.record(of:))) }
        return try await publisher.publish(events.map { outgoing.message(for: $0) })
    }
}
