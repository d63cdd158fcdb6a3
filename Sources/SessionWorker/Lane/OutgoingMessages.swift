import AMQPConnection
import SessionContract
import SessionCore
package import SessionCrypto
import SessionStore

/// Everything that is published for a finished command: the full result for who asked, a copy for everybody, the events,
/// and what has to be kept in quarantine (contract §4, §5, §7).
package struct OutgoingMessages: Sendable {
    let names: Topology.Names
    private let sealers: SealerSource

    /// - Parameter sealers: what seals credentials in quarantine.
    package init(namespace: String, sealers: SealerSource) {
        names = Topology.Names(namespace: namespace)
        self.sealers = sealers
    }

    /// Appends what has to be published for `completion`.
    ///
    /// - Parameters:
    ///   - messages: gets what has to be confirmed before the command is acknowledged.
    ///   - replies: gets what is for who asked, whose queue is their own.
    func append(
        _ completion: Completion, of delivery: AMQPDelivery, queue: String, to messages: inout [AMQPMessage],
        _ replies: inout [AMQPMessage]
    ) {
        appendResults(of: completion, to: delivery, &messages, &replies)
        for event in completion.events { messages.append(message(for: event.event)) }
        if let failure = completion.failure, failure.code.isQuarantined, !completion.omissions.contains(.quarantine) {
            let record = QuarantineRecord(
                delivery: delivery, queue: queue, failure: failure, at: completion.at, id: completion.resultID,
                sealer: sealers.sealer)
            messages.append(record.message(for: names.dead))
        }
    }

    func message(for event: OutgoingEvent) -> AMQPMessage {
        AMQPMessage(
            exchange: names.events, routingKey: event.type,
            properties: AMQPProperties(
                contentType: EventWriter.contentType, deliveryMode: 2, messageID: event.id, type: event.type),
            body: event.body)
    }

    private func appendResults(
        of completion: Completion, to delivery: AMQPDelivery, _ messages: inout [AMQPMessage],
        _ replies: inout [AMQPMessage]
    ) {
        let result = completion.result
        let changesState = CommandName(exactly: delivery.routingKey)?.changesState ?? true
        var properties = AMQPProperties(
            contentType: "application/json", headers: TraceContext(delivery.properties.headers)?.headers,
            deliveryMode: changesState ? 2 : 1,
            correlationID: delivery.properties.correlationID ?? delivery.properties.messageID,
            messageID: completion.resultID, type: result.type)
        var copy = AMQPMessage(
            exchange: names.results, routingKey: result.routingKey, properties: properties, body: result.copy)
        if completion.omissions.contains(.ids) { copy.properties.correlationID = nil }
        if let replyTo = delivery.properties.replyTo, !completion.omissions.contains(.reply),
            ReplyAddress.isSafe(replyTo)
        {
            // Setting it makes a copy, and most commands change nothing.
            if changesState { properties.deliveryMode = 1 }
            replies.append(
                AMQPMessage(exchange: "", routingKey: replyTo, properties: properties, body: result.reply))
        }
        messages.append(copy)
    }

    /// A message for quarantine whose own headers leave no room for ours, without them; `nil` for any other.
    static func withoutForeignHeaders(_ message: AMQPMessage) -> AMQPMessage? {
        guard let headers = message.properties.headers, headers[QuarantineHeader.reason] != nil else { return nil }
        let ours = headers.entries.filter { QuarantineHeader.isOurs($0.name) }
        guard ours.count < headers.entries.count else { return nil }
        var message = message
        message.properties.headers = AMQPTable(ours)
        return message
    }
}
