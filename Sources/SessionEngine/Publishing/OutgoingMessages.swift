package import AMQPNIO
import SessionContract
import SessionCore
package import SessionCrypto
package import SessionStorage

/// Creates everything published for a finished command: the full result for the caller, the public copy, the events,
/// and the quarantined message (contract §4, §5, §7).
package struct OutgoingMessages: Sendable {
    let names: Topology.Names
    private let sealers: SealerSource

    /// - Parameter sealers: seal credentials in quarantine.
    package init(namespace: String, sealers: SealerSource) {
        names = Topology.Names(namespace: namespace)
        self.sealers = sealers
    }

    /// Appends everything that has to be published for `completion`.
    ///
    /// - Parameters:
    ///   - name: the command's name; `nil` if it is unknown.
    ///   - queue: the queue that it came from.
    func append(
        _ completion: Completion, of delivery: AMQPDelivery, named name: CommandName?, queue: String,
        to batch: inout OutgoingBatch
    ) {
        appendResults(of: completion, to: delivery, changesState: name?.changesState ?? true, &batch)
        for event in completion.events { batch.append(message(for: event.event), .event(event.reference)) }
        if let failure = completion.failure, failure.code.isQuarantined, !completion.omissions.contains(.quarantine) {
            batch.append(
                quarantined(delivery, from: queue, because: failure, at: completion.at, id: completion.resultID),
                .quarantine)
        }
    }

    package func message(for event: OutgoingEvent) -> AMQPMessage {
        AMQPMessage(
            exchange: names.events, routingKey: event.type,
            properties: AMQPProperties(
                contentType: EventWriter.contentType, deliveryMode: 2, messageID: event.id, type: event.type),
            body: event.body)
    }

    private func appendResults(
        of completion: Completion, to delivery: AMQPDelivery, changesState: Bool, _ batch: inout OutgoingBatch
    ) {
        let result = completion.result
        var properties = AMQPProperties(
            contentType: "application/json", headers: TraceContext(delivery.properties.headers)?.headers,
            deliveryMode: changesState ? 2 : 1,
            correlationID: delivery.properties.correlationID ?? delivery.properties.messageID,
            messageID: completion.resultID, type: result.type)
        var copy = AMQPMessage(
            exchange: names.results, routingKey: result.routingKey, properties: properties, body: result.copy)
        if completion.omissions.contains(.ids) { copy.properties.correlationID = nil }
        if let replyTo = delivery.properties.replyTo, !replyTo.isEmpty, !completion.omissions.contains(.reply) {
            // Setting it copies the properties, and most commands change nothing.
            if changesState { properties.deliveryMode = 1 }
            batch.append(
                reply: AMQPMessage(exchange: "", routingKey: replyTo, properties: properties, body: result.reply))
        }
        batch.append(copy, .copy)
    }

    /// The quarantined form of a message that could not be executed.
    ///
    /// - Parameter id: binds the seals in it.
    func quarantined(
        _ delivery: AMQPDelivery, from queue: String, because failure: Failure, at now: Timestamp, id: String
    ) -> AMQPMessage {
        QuarantineRecord(
            delivery: delivery, queue: queue, failure: failure, at: now, id: id, sealer: sealers.sealer
        ).message(for: names.dead)
    }

    /// A quarantined message without the sender's headers, if those leave no room for ours; `nil` for any other
    /// message.
    static func withoutForeignHeaders(_ message: AMQPMessage) -> AMQPMessage? {
        guard let headers = message.properties.headers, headers[QuarantineHeader.reason] != nil else { return nil }
        let ours = headers.entries.filter { QuarantineHeader.isOurs($0.name) }
        guard ours.count < headers.entries.count else { return nil }
        var message = message
        message.properties.headers = AMQPTable(ours)
        return message
    }
}
