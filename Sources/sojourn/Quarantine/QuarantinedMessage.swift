import AMQPNIO
import SessionContract
import SessionCore
import SessionCrypto

/// A quarantined message, to be printed for a person or a program.
struct QuarantinedMessage: Sendable {
    /// From the worker that quarantined it. What RabbitMQ itself dead-lettered has none, and is named after its content.
    let id: String
    /// The error code, or why RabbitMQ dead-lettered it.
    let reason: String?
    let routingKey: String
    private let properties: [(name: String, value: JSONValue)]
    private let headers: [AMQPTable.Entry]
    /// `nil` if it was not kept.
    private let body: [UInt8]?
    let bodyBytes: Int

    /// - Parameters:
    ///   - original: the message as it is in quarantine.
    ///   - shown: the same, with its credentials as they are to be shown; hidden by default.
    init(_ original: AMQPDelivery, shown: AMQPDelivery? = nil, keepsBody: Bool) {
        let delivery = shown ?? original.hidingCredentials
        id = original.quarantineID
        let headers = delivery.properties.headers ?? AMQPTable()
        reason =
            headers[QuarantineHeader.reason]?.string ?? headers["x-first-death-reason"]?.string
        routingKey = headers[QuarantineHeader.routingKey]?.string ?? delivery.routingKey
        self.headers = headers.entries
        body = keepsBody ? delivery.body : nil
        bodyBytes = Int(clamping: delivery.bodySize)
        let given = delivery.properties
        let texts = [
            ("content_type", given.contentType), ("content_encoding", given.contentEncoding),
            ("correlation_id", given.correlationID), ("reply_to", given.replyTo), ("message_id", given.messageID),
            ("type", given.type), ("app_id", given.appID), ("cluster_id", given.clusterID),
        ]
        var properties: [(name: String, value: JSONValue)] = texts.compactMap { name, text in
            text.map { (name, .string($0)) }
        }
        if let mode = given.deliveryMode { properties.append(("delivery_mode", .integer(Int64(mode)))) }
        if let priority = given.priority { properties.append(("priority", .integer(Int64(priority)))) }
        if let time = given.timestamp { properties.append(("timestamp", .integer(Int64(clamping: time)))) }
        self.properties = properties
    }

    var at: String? { header(QuarantineHeader.at) }

    var attempts: Int64? { headers.first { $0.name == QuarantineHeader.attempts }?.value.integer }

    var error: String? { header(QuarantineHeader.error) }

    private func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value.string
    }

    // MARK: Showing

    /// The whole message: a line for each property and header, then the body.
    var text: String {
        var lines = [(name: "routing key", value: routingKey)]
        lines += properties.map { ($0.name, $0.value.printed) }
        lines += headers.map { ("header \($0.name)", $0.json.printed) }
        let body = PrintableText.escaped(String(decoding: body ?? [], as: UTF8.self), keepsLines: true)
        return (AlignedLines.lines(lines) + ["", body]).joined(separator: "\n")
    }

    var json: [UInt8] {
        JSONWriter.object { json in
            json.member("id", id)
            json.member("reason", reason)
            json.member("routingKey", routingKey)
            json.object("properties") { json in
                for property in properties {
                    json.key(text: property.name)
                    json.value(property.value)
                }
            }
            json.object("headers") { json in
                for header in headers {
                    json.key(text: header.name)
                    json.value(header.json)
                }
            }
            json.member("bodyBytes", bodyBytes)
            guard let body else { return }
            if let text = String(validating: body, as: UTF8.self) {
                json.member("body", text)
            } else {
                json.member("bodyHex", body.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
            }
        }
    }
}

extension AMQPTable.Entry {
    fileprivate var json: JSONValue { value.json }
}

extension AMQPValue {
    /// The value for programs.
    fileprivate var json: JSONValue {
        switch self {
        case .bool(let truth): .bool(truth)
        case .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64: .integer(integer ?? 0)
        case .uint64(let number): .decimal(String(number))
        case .float(let number): .string(String(number))
        case .double(let number): .string(String(number))
        case .decimal(let scale, let value): .string("\(value)e-\(scale)")
        case .string(let text): .string(text)
        case .opaqueString(let bytes), .bytes(let bytes): .string(String(decoding: bytes, as: UTF8.self))
        case .timestamp(let seconds): .decimal(String(seconds))
        case .array(let values): .array(values.map(\.json))
        case .table(let table): .object(table.json)
        case .void: .null
        }
    }
}

extension AMQPTable {
    /// Of duplicate names, the first is kept.
    fileprivate var json: JSONObject {
        var object = JSONObject()
        for entry in entries where object[entry.name] == nil { object[entry.name] = entry.value.json }
        return object
    }
}

extension JSONValue {
    /// A string unchanged, any other value as JSON.
    fileprivate var printed: String {
        if let text { return text }
        var writer = JSONWriter()
        writer.value(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
