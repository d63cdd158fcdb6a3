package import AMQPConnection
package import SessionContract
import SessionCore
package import SessionCrypto
import SessionStore

/// Makes work of deliveries: the properties of contract §2 are read here, the body by the `CommandReader`.
package struct DeliveryReader: Sendable {
    /// Deliveries of one message after which it is given up. A quorum queue counts those that a worker held when it
    /// died, so innocents are counted with the guilty: the number is generous.
    static let maxDeliveries: Int64 = 20

    let commands: CommandReader
    let hash: KeyedHash

    package init(commands: CommandReader, hash: KeyedHash) {
        self.commands = commands
        self.hash = hash
    }

    package func read(_ delivery: AMQPDelivery) -> Work {
        let properties = delivery.properties
        let commandID = properties.messageID.flatMap { $0.isEmpty ? nil : $0 } ?? properties.correlationID
        let name = CommandName(rawValue: delivery.routingKey)
        do throws(Failure) {
            let command = try commands.read(message(from: delivery))
            return Work(
                name: name, content: .command(command), message: key(of: delivery, named: name), commandID: commandID,
                isGivenUp: delivery.earlierDeliveries >= Self.maxDeliveries)
        } catch {
            return Work(name: name, content: .unreadable(error), commandID: commandID)
        }
    }

    private func message(from delivery: AMQPDelivery) -> IncomingMessage {
        let properties = delivery.properties
        return IncomingMessage(
            routingKey: delivery.routingKey, body: delivery.body, contentType: properties.contentType,
            contentEncoding: properties.contentEncoding, type: properties.type, messageID: properties.messageID,
            deadline: deadline(in: properties.headers), caller: properties.userID,
            traceparent: TraceContext(properties.headers)?.traceparent,
            hasUnreadableProperties: !properties.unreadable.isEmpty || !delivery.addressIsReadable)
    }

    private func deadline(in headers: AMQPTable?) -> IncomingMessage.DeadlineHeader {
        guard let value = headers?["deadline"] else { return .absent }
        return value.integer.map(IncomingMessage.DeadlineHeader.at) ?? .unreadable
    }

    /// Callers' ids are apart from each other; unnamed callers are one caller.
    private func key(of delivery: AMQPDelivery, named name: CommandName?) -> MessageKey? {
        guard let name, name.changesState, let id = delivery.properties.messageID else { return nil }
        return MessageKey(
            name: hash.inboxKeyName(caller: delivery.properties.userID, messageID: id),
            fingerprint: hash.commandFingerprint(command: name.rawValue, body: delivery.body))
    }
}

extension AMQPDelivery {
    /// How often this message was delivered before, as far as its queue counts that. Only RabbitMQ's own count is
    /// believed: the first delivery has none, whatever a publisher wrote there.
    var earlierDeliveries: Int64 {
        guard redelivered else { return 0 }
        return min(max(properties.headers?["x-delivery-count"]?.integer ?? 1, 1), 1_000_000)
    }
}
