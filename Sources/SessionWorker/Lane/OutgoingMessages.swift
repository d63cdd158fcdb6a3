import AMQPConnection
import SessionContract
import SessionCore
import SessionStore

/// Everything that is published for a finished command: the full result for who asked, a copy for everybody, the events,
/// and what has to be kept in quarantine (contract §4, §5, §7).
package struct OutgoingMessages: Sendable {
    /// A path is a key that somebody sent: it may be as long as a body.
    private static let maxPathLength = 256

    let names: Topology.Names

    package init(namespace: String) {
        names = Topology.Names(namespace: namespace)
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
        if let failure = completion.failure, failure.code.isQuarantined {
            messages.append(quarantined(delivery, from: queue, because: failure, at: completion.at))
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
        let changesState = CommandName(rawValue: delivery.routingKey)?.changesState ?? true
        var properties = AMQPProperties(
            contentType: "application/json", headers: TraceContext(delivery.properties.headers)?.headers,
            deliveryMode: changesState ? 2 : 1,
            correlationID: delivery.properties.correlationID ?? delivery.properties.messageID,
            messageID: completion.resultID, type: result.type)
        let copy = AMQPMessage(
            exchange: names.results, routingKey: result.routingKey, properties: properties, body: result.copy)
        if let replyTo = delivery.properties.replyTo, ReplyAddress.isSafe(replyTo) {
            // Setting it makes a copy, and most commands change nothing.
            if changesState { properties.deliveryMode = 1 }
            replies.append(
                AMQPMessage(exchange: "", routingKey: replyTo, properties: properties, body: result.reply))
        }
        messages.append(copy)
    }

    /// The message as it was, for somebody to look at. `user_id` and `expiration` move to headers: RabbitMQ would refuse
    /// the one, which is not ours, and drop the message after the other.
    private func quarantined(
        _ delivery: AMQPDelivery, from queue: String, because failure: Failure, at now: Timestamp
    ) -> AMQPMessage {
        var properties = delivery.properties
        var headers = properties.headers ?? AMQPTable()
        if let userID = properties.userID { headers["x-sojourn-user-id"] = .string(userID) }
        if let expiration = properties.expiration { headers["x-sojourn-expiration"] = .string(expiration) }
        headers["x-sojourn-reason"] = .string(failure.code.rawValue)
        headers["x-sojourn-error"] = .string(
            failure.path.map { "\($0.prefix(Self.maxPathLength)): \(failure.message)" } ?? failure.message)
        if delivery.isTruncated { headers["x-sojourn-truncated"] = .int64(Int64(clamping: delivery.bodySize)) }
        headers["x-sojourn-at"] = .string(now.rfc3339)
        headers["x-sojourn-attempts"] = .int64(delivery.earlierDeliveries + 1)
        headers["x-sojourn-queue"] = .string(queue)
        properties.headers = headers
        properties.userID = nil
        properties.expiration = nil
        properties.unreadable.removeAll { $0.name == .userID || $0.name == .expiration }
        return AMQPMessage(
            exchange: names.dead, routingKey: delivery.routingKey, mandatory: true, properties: properties,
            body: delivery.body)
    }

    /// A message for quarantine whose own headers leave no room for ours, without them; `nil` for any other.
    static func withoutForeignHeaders(_ message: AMQPMessage) -> AMQPMessage? {
        guard let headers = message.properties.headers, headers["x-sojourn-reason"] != nil else { return nil }
        let ours = headers.entries.filter { $0.name.hasPrefix("x-sojourn-") }
        guard ours.count < headers.entries.count else { return nil }
        var message = message
        message.properties.headers = AMQPTable(ours)
        return message
    }
}
