import AMQPNIO
import SessionContract
import SessionCore
import SessionCrypto

/// A quarantined message, to be printed for a person or a program.
struct QuarantinedMessage: Sendable {
    private(set) var routingKey: String
    private(set) var properties: [(name: String, value: JSONValue)]
    private(set) var headers: [AMQPTable.Entry]
    /// `nil` if it was not kept.
    private(set) var body: [UInt8]?
    let bodyBytes: Int

    init(_ delivery: AMQPDelivery, keepsBody: Bool) {
        routingKey = delivery.routingKey
        headers = delivery.properties.headers?.entries ?? []
        body = keepsBody ? delivery.body : nil
        bodyBytes = Int(clamping: delivery.bodySize)
        let given = delivery.properties
        let texts = [
            ("content_type", given.contentType), ("content_encoding", given.contentEncoding),
            ("correlation_id", given.correlationID), ("reply_to", given.replyTo), ("message_id", given.messageID),
            ("type", given.type), ("app_id", given.appID), ("cluster_id", given.clusterID),
        ]
        properties = texts.compactMap { name, text in text.map { (name, .string($0)) } }
        if let mode = given.deliveryMode { properties.append(("delivery_mode", .integer(Int64(mode)))) }
        if let priority = given.priority { properties.append(("priority", .integer(Int64(priority)))) }
        if let time = given.timestamp { properties.append(("timestamp", .integer(Int64(clamping: time)))) }
    }

    var id: String? { header(QuarantineHeader.id) }

    private func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value.string
    }

    // MARK: Opening

    /// The number of sealed credentials.
    var sealedCount: Int {
        let mark = Array("sealed:".utf8)
        let texts = [routingKey] + (properties.map(\.value) + headers.map(\.json)).map(\.text)
        return (texts.map { Array($0.utf8) } + [body ?? []]).reduce(0) { count, bytes in
            count + bytes.indices.count { bytes[$0...].starts(with: mark) }
        }
    }

    /// Opens what the keyring can open; returns how many seals were opened, and how many stay closed.
    mutating func open(with seal: CredentialSeal) -> (opened: Int, closed: Int) {
        var count = (opened: 0, closed: 0)
        func open(_ bytes: [UInt8]) -> [UInt8] {
            let result = seal.opened(bytes)
            count.opened += result.opened
            count.closed += result.closed
            return result.bytes
        }
        func open(_ text: String) -> String { String(decoding: open(Array(text.utf8)), as: UTF8.self) }
        func open(_ value: AMQPValue) -> AMQPValue {
            switch value {
            case .string(let text): .string(open(text))
            case .opaqueString(let bytes): .opaqueString(open(bytes))
            case .bytes(let bytes): .bytes(open(bytes))
            case .array(let values): .array(values.map { open($0) })
            case .table(let table): .table(AMQPTable(table.entries.map { .init(open($0.name), open($0.value)) }))
            case .bool, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .float, .double, .decimal,
                .timestamp, .void:
                value
            }
        }
        routingKey = open(routingKey)
        properties = properties.map { name, value in
            if case .string(let text) = value { (name, .string(open(text))) } else { (name, value) }
        }
        headers = headers.map { .init($0.name, open($0.value)) }
        body = body.map { open($0) }
        return count
    }

    // MARK: Showing

    /// One line: id, time, reason, command, size, and error.
    var line: String {
        let parts = [
            id ?? "-", header(QuarantineHeader.at) ?? "-", header(QuarantineHeader.reason) ?? "-",
            routingKey.isEmpty ? "-" : routingKey, "\(bodyBytes) bytes", header(QuarantineHeader.error) ?? "",
        ]
        return parts.map { PrintableText.escaped($0) }.joined(separator: "  ")
    }

    /// The whole message: a line for each property and header, then the body.
    var text: String {
        var lines = [("routing key", routingKey)]
        lines += properties.map { ($0.name, $0.value.text) }
        lines += headers.map { ("header \($0.name)", $0.json.text) }
        let width = lines.map(\.0.count).max() ?? 0
        let shown = lines.map { name, value in
            PrintableText.escaped("\(name)\(String(repeating: " ", count: max(0, width - name.count)))  \(value)")
        }
        let body = PrintableText.escaped(String(decoding: body ?? [], as: UTF8.self), keepsLines: true)
        return (shown + ["", body]).joined(separator: "\n")
    }

    var json: [UInt8] {
        JSONWriter.object { json in
            json.member("id", id)
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
    fileprivate var text: String {
        if case .string(let text) = self { return text }
        var writer = JSONWriter()
        writer.value(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
