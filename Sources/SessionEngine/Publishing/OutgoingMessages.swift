package import AMQPNIO
import SessionContract
import SessionCore
package import SessionCrypto
package import SessionStorage

/// Creates everything published for a finished command: the full result for the caller, the public copy, the events,
/// and the quarantined message (contract §4, §5, §7).
package struct OutgoingMessages: Sendable {
    let names: Topology.Names
    /// `nil` if nothing is recorded.
    let audit: AuditTrail?
    private let sealers: SealerSource

    /// - Parameter sealers: seal credentials in quarantine.
    package init(namespace: String, sealers: SealerSource, audit: AuditTrail? = nil) {
        names = Topology.Names(namespace: namespace)
        self.sealers = sealers
        self.audit = audit
    }

    /// Appends everything that has to be published for `completion`.
    ///
    /// - Parameters:
    ///   - item: the command.
    ///   - queue: the name of the queue that it came from.
    func append(
        _ completion: Completion, of item: LaneItem, queue: String, to batch: inout OutgoingBatch
    ) {
        appendResults(of: completion, to: item, &batch)
        for event in completion.events { batch.append(message(for: event.event), .event(event.reference)) }
        if let failure = completion.failure, completion.isQuarantined {
            let message = quarantined(
                item, from: queue, because: failure, at: completion.at, id: completion.resultID)
            batch.append(message, .quarantine(queue: names.quarantine))
        }
        guard let audit else { return }
        if let record = audit.record(of: item, completion) { batch.append(record: record) }
        for event in completion.events { batch.append(record: audit.record(of: event.event)) }
    }

    package func message(for event: OutgoingEvent) -> AMQPMessage {
        AMQPMessage(
            exchange: names.events, routingKey: event.type,
            properties: AMQPProperties(
                contentType: EventWriter.contentType, deliveryMode: 2, messageID: event.id, type: event.type),
            body: event.body)
    }

    private func appendResults(
        of completion: Completion, to item: LaneItem, _ batch: inout OutgoingBatch
    ) {
        let (delivery, result) = (item.delivery, completion.result)
        let changesState = item.work.name?.changesState ?? true
        var properties = AMQPProperties(
            contentType: "application/json", headers: item.work.trace?.headers,
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
    /// - Parameters:
    ///   - id: binds the seals in it.
    ///   - deliveries: how often it was delivered, if the store has counted; otherwise its queue's count is used.
    func quarantined(
        _ item: LaneItem, from queue: String, because failure: Failure, at now: Timestamp, id: String,
        deliveries: Int64? = nil
    ) -> AMQPMessage {
        QuarantineRecord(
            delivery: item.delivery, queue: queue, failure: failure, at: now, id: id,
            history: QuarantineRecord.History(
                deliveries: deliveries ?? item.delivery.earlierDeliveries + 1, receivedAt: item.receivedAt,
                worker: SojournVersion.text),
            sealer: sealers.sealer
        ).message(for: names.dead)
    }

    /// A quarantined message for its queue itself. Where the exchange refuses it, another queue that somebody bound there
    /// may be what is full, and AMQP does not say which queue it was.
    static func direct(_ message: AMQPMessage, to queue: String) -> AMQPMessage {
        guard !message.exchange.isEmpty else { return message }
        var direct = message
        direct.exchange = ""
        direct.routingKey = queue
        var headers = message.properties.headers ?? AMQPTable()
        headers[QuarantineHeader.routingKey] = .string(message.routingKey)
        direct.properties.headers = headers
        return direct
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
