import AMQPNIO
import SessionContract
import SessionCore
import SessionCrypto

/// A message as it is quarantined: unchanged, for people to inspect, except for properties that would take effect when
/// it is published again, and for credentials, which are sealed (contract §5).
struct QuarantineRecord {
    /// In characters. A path contains a key from the sender, which may be as long as a body.
    private static let maxPathLength = 256
    /// In characters: a server's sentence may repeat what it was sent.
    private static let maxDetailLength = 256
    /// RabbitMQ also routes a message to these keys ("sender-selected distribution"), and closes the channel if they
    /// are not a list of strings. So these headers are renamed.
    private static let copies: Set<String> = ["CC", "BCC"]

    /// What happened to it before.
    struct History {
        /// How often it was delivered, as far as anybody counts.
        let deliveries: Int64
        /// When this worker received it.
        let receivedAt: Timestamp
        /// This worker's version.
        let worker: String
    }

    let delivery: AMQPDelivery
    let queue: String
    let failure: Failure
    let at: Timestamp
    /// The message's id in quarantine.
    let id: String
    let history: History
    let sealer: Sealer

    func message(for exchange: String) -> AMQPMessage {
        let seal = CredentialSeal(sealer, message: id)
        var properties = delivery.properties
        var headers = sealedHeaders(with: seal)
        let routingKey = seal.property(delivery.routingKey, of: "routing_key", &headers) ?? ""
        sealProperties(&properties, &headers, with: seal)
        move(&properties.userID, "user_id", to: &headers)
        move(&properties.expiration, "expiration", to: &headers)
        addOwn(to: &headers, with: seal)
        properties.headers = headers
        return AMQPMessage(
            exchange: exchange, routingKey: routingKey, mandatory: true, properties: properties,
            body: seal.sealed(delivery.body) ?? delivery.body)
    }

    private func addOwn(to headers: inout AMQPTable, with seal: CredentialSeal) {
        headers[QuarantineHeader.id] = .string(id)
        headers[QuarantineHeader.reason] = .string(failure.code.rawValue)
        headers[QuarantineHeader.error] = .string(sentence(with: seal))
        if delivery.isTruncated {
            headers[QuarantineHeader.truncated] = .int64(Int64(clamping: delivery.bodySize))
        }
        headers[QuarantineHeader.at] = .string(at.rfc3339)
        headers[QuarantineHeader.receivedAt] = .string(history.receivedAt.rfc3339)
        headers[QuarantineHeader.attempts] = .int64(history.deliveries)
        headers[QuarantineHeader.queue] = .string(queue)
        headers[QuarantineHeader.worker] = .string(history.worker)
    }

    /// What was wrong, and what the store said about it.
    private func sentence(with seal: CredentialSeal) -> String {
        let path = failure.path.map { "\($0.prefix(Self.maxPathLength)): " } ?? ""
        guard let detail = failure.detail?.prefix(Self.maxDetailLength) else { return path + failure.message }
        let bytes = Array(detail.utf8)
        return path + failure.message + " (" + String(decoding: seal.sealed(bytes) ?? bytes, as: UTF8.self) + ")"
    }

    /// RabbitMQ would refuse a `user_id` other than ours, and drop the message after `expiration`.
    private func move(_ property: inout String?, _ name: String, to headers: inout AMQPTable) {
        if let text = property { headers[QuarantineHeader.moved(name)] = .string(text) }
        property = nil
    }

    // MARK: - Sealing

    private func sealProperties(
        _ properties: inout AMQPProperties, _ headers: inout AMQPTable, with seal: CredentialSeal
    ) {
        properties.contentType = seal.property(properties.contentType, of: "content_type", &headers)
        properties.contentEncoding = seal.property(properties.contentEncoding, of: "content_encoding", &headers)
        properties.correlationID = seal.property(properties.correlationID, of: "correlation_id", &headers)
        properties.replyTo = seal.property(properties.replyTo, of: "reply_to", &headers)
        properties.expiration = seal.property(properties.expiration, of: "expiration", &headers)
        properties.messageID = seal.property(properties.messageID, of: "message_id", &headers)
        properties.type = seal.property(properties.type, of: "type", &headers)
        properties.appID = seal.property(properties.appID, of: "app_id", &headers)
        properties.clusterID = seal.property(properties.clusterID, of: "cluster_id", &headers)
        properties.unreadable = properties.unreadable.compactMap { property in
            switch property.name {
            case .userID, .expiration: return nil
            // They are not published again.
            case .headers, .properties: return property
            case .contentType, .contentEncoding, .correlationID, .replyTo, .messageID, .type, .appID,
                .clusterID:
                guard let sealed = seal.sealed(property.bytes) else { return property }
                headers[QuarantineHeader.moved(property.name.rawValue)] = .opaqueString(sealed)
                return nil
            }
        }
    }

    private func sealedHeaders(with seal: CredentialSeal) -> AMQPTable {
        guard let headers = delivery.properties.headers else { return AMQPTable() }
        var kept = AMQPTable()
        for entry in headers.entries where !QuarantineHeader.isOurs(entry.name) {
            let name = Self.copies.contains(entry.name) ? QuarantineHeader.moved(entry.name) : entry.name
            kept.entries.append(AMQPTable.Entry(name, entry.value))
        }
        return seal.table(kept)
    }
}

extension CredentialSeal {
    /// The longest short string, in bytes (AMQP 0-9-1).
    private static let maxPropertyBytes = 255

    /// A property, sealed if necessary; `nil` if it no longer fits in its place, and became a header instead.
    fileprivate func property(_ text: String?, of name: String, _ headers: inout AMQPTable) -> String? {
        guard let text, let sealed = sealed(Array(text.utf8)) else { return text }
        let result = String(decoding: sealed, as: UTF8.self)
        if sealed.count <= Self.maxPropertyBytes { return result }
        headers[QuarantineHeader.moved(name)] = .string(result)
        return nil
    }

    fileprivate func table(_ table: AMQPTable) -> AMQPTable {
        var result = AMQPTable()
        for (index, entry) in table.entries.enumerated() {
            guard let name = sealed(Array(entry.name.utf8)) else {
                result.entries.append(AMQPTable.Entry(entry.name, value(entry.value, named: entry.name)))
                continue
            }
            // A name that is a credential may be too long for a name once it is sealed.
            let both: AMQPTable = [
                "name": .string(String(decoding: name, as: UTF8.self)), "value": value(entry.value, named: ""),
            ]
            result.entries.append(AMQPTable.Entry("sealed-\(index)", .table(both)))
        }
        return result
    }

    private func value(_ value: AMQPValue, named name: String) -> AMQPValue {
        switch value {
        case .string(let text): sealed(text, named: name).map { .string(String(decoding: $0, as: UTF8.self)) } ?? value
        case .opaqueString(let bytes): sealed(bytes).map(AMQPValue.opaqueString) ?? value
        case .bytes(let bytes): sealed(bytes).map(AMQPValue.bytes) ?? value
        case .array(let values): .array(values.map { self.value($0, named: name) })
        case .table(let table): .table(self.table(table))
        case .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64: sealed(number: value, named: name)
        case .bool, .float, .double, .decimal, .timestamp, .void: value
        }
    }

    /// A text in a header is judged together with its name, which may be `code`.
    private func sealed(_ text: String, named name: String) -> [UInt8]? {
        if isSecret(name, text) { return sealedWhole(Array(text.utf8)) }
        return sealed(Array(text.utf8))
    }

    private func sealed(number value: AMQPValue, named name: String) -> AMQPValue {
        guard let number = value.integer, isSecret(name, String(number)) else { return value }
        return .string(String(decoding: sealedWhole(Array(String(number).utf8)), as: UTF8.self))
    }

    private func isSecret(_ name: String, _ text: String) -> Bool {
        CredentialScan.isSecret(text, named: name)
    }
}
