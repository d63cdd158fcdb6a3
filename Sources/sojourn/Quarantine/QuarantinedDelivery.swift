import AMQPNIO
import SessionContract
import SessionCrypto

// What a quarantined message holds, with its credentials opened or hidden.
extension AMQPDelivery {
    /// Opens what the keyring can open; returns how many seals were opened, and how many stay closed.
    func opened(with seal: CredentialSeal) -> (delivery: AMQPDelivery, opened: Int, closed: Int) {
        var counts = (opened: 0, closed: 0)
        let delivery = changingTexts { _, bytes in
            let result = seal.opened(bytes)
            counts.opened += result.opened
            counts.closed += result.closed
            return result.bytes
        }
        return (delivery, counts.opened, counts.closed)
    }

    /// The number of sealed credentials.
    var sealedCount: Int {
        let mark = Array("sealed:".utf8)
        var count = 0
        _ = changingTexts { _, bytes in
            count += bytes.indices.count { bytes[$0...].starts(with: mark) }
            return bytes
        }
        return count
    }

    /// Without credentials in clear. What a worker quarantined has none; RabbitMQ dead-letters messages as they are.
    var hidingCredentials: AMQPDelivery {
        guard !isFromWorker else { return self }
        return changingTexts { name, bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            if let name, CredentialScan.isSecret(text, named: name) { return Array("(hidden)".utf8) }
            var shown: [UInt8] = []
            var end = 0
            for find in CredentialScan.finds(in: bytes) {
                shown += bytes[end..<find.range.lowerBound]
                shown += (find.needsQuotes ? "\"(hidden)\"" : "(hidden)").utf8
                end = find.range.upperBound
            }
            return shown + bytes[end...]
        }
    }

    /// By which it can be named.
    var quarantineID: String {
        properties.headers?[QuarantineHeader.id]?.string
            ?? ContentName.make(
                of: [routingKey, properties.messageID ?? "", properties.correlationID ?? ""], body: body,
                prefix: "dead_")
    }

    /// Whether a worker put it into quarantine, and sealed its credentials.
    var isFromWorker: Bool { properties.headers?[QuarantineHeader.id]?.string != nil }

    /// Changes the body, the routing key, and every text in properties and headers.
    ///
    /// - Parameter change: gets the header's name, if it is one, and the text.
    private func changingTexts(_ change: (String?, [UInt8]) -> [UInt8]) -> AMQPDelivery {
        func text(_ text: String, _ name: String? = nil) -> String {
            String(decoding: change(name, Array(text.utf8)), as: UTF8.self)
        }
        func number(_ value: AMQPValue, _ name: String) -> AMQPValue {
            guard let digits = value.integer.map(String.init) else { return value }
            let other = text(digits, name)
            return other == digits ? value : .string(other)
        }
        func changed(_ value: AMQPValue, _ name: String) -> AMQPValue {
            switch value {
            case .string(let content): .string(text(content, name))
            case .opaqueString(let bytes): .opaqueString(change(name, bytes))
            case .bytes(let bytes): .bytes(change(name, bytes))
            case .array(let values): .array(values.map { changed($0, name) })
            case .table(let content): .table(table(content))
            case .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64: number(value, name)
            case .bool, .float, .double, .decimal, .timestamp, .void: value
            }
        }
        func table(_ table: AMQPTable) -> AMQPTable {
            AMQPTable(table.entries.map { AMQPTable.Entry($0.name, changed($0.value, $0.name)) })
        }
        var delivery = self
        delivery.routingKey = text(routingKey)
        delivery.body = change(nil, body)
        delivery.properties.headers = properties.headers.map { table($0) }
        delivery.properties.contentType = properties.contentType.map { text($0) }
        delivery.properties.contentEncoding = properties.contentEncoding.map { text($0) }
        delivery.properties.correlationID = properties.correlationID.map { text($0) }
        delivery.properties.replyTo = properties.replyTo.map { text($0) }
        delivery.properties.messageID = properties.messageID.map { text($0) }
        delivery.properties.type = properties.type.map { text($0) }
        delivery.properties.appID = properties.appID.map { text($0) }
        delivery.properties.clusterID = properties.clusterID.map { text($0) }
        return delivery
    }
}
