/// A value in a header or argument table.
package enum AMQPValue: Hashable, Sendable {
    case bool(Bool)
    case int8(Int8)
    case uint8(UInt8)
    case int16(Int16)
    case uint16(UInt16)
    case int32(Int32)
    case uint32(UInt32)
    case int64(Int64)
    case uint64(UInt64)
    case float(Float)
    case double(Double)
    /// `value / 10^scale`.
    case decimal(scale: UInt8, value: UInt32)
    /// A long string (`S`) that is valid UTF-8, as nearly all are.
    case string(String)
    /// A long string (`S`) that is not UTF-8: AMQP allows any bytes. A separate case, so that it is forwarded
    /// unchanged.
    case opaqueString([UInt8])
    /// A byte array (`x`).
    case bytes([UInt8])
    /// Seconds since the epoch.
    case timestamp(UInt64)
    case array([AMQPValue])
    case table(AMQPTable)
    case void

    /// The text of a valid string; otherwise nil.
    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value of an integer of any width if it fits in a signed 64-bit integer; otherwise nil.
    package var integer: Int64? {
        switch self {
        case .int8(let value): Int64(value)
        case .uint8(let value): Int64(value)
        case .int16(let value): Int64(value)
        case .uint16(let value): Int64(value)
        case .int32(let value): Int64(value)
        case .uint32(let value): Int64(value)
        case .int64(let value): value
        case .uint64(let value): Int64(exactly: value)
        case .bool, .float, .double, .decimal, .string, .opaqueString, .bytes, .timestamp, .array, .table, .void: nil
        }
    }
}

extension AMQPValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .int64(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}

/// Headers or arguments: names with values, in wire order.
///
/// A list instead of a dictionary: tables have a handful of entries, republishing preserves their order, and duplicate
/// names are kept (look-up finds the first).
package struct AMQPTable: Hashable, Sendable {
    /// A name and its value.
    package struct Entry: Hashable, Sendable {
        package var name: String
        package var value: AMQPValue

        package init(_ name: String, _ value: AMQPValue) {
            self.name = name
            self.value = value
        }
    }

    package var entries: [Entry]

    package init(_ entries: [Entry] = []) { self.entries = entries }

    package var isEmpty: Bool { entries.isEmpty }

    /// The first value with this name. Setting it replaces that value or appends a new entry; setting nil removes all
    /// entries with the name.
    package subscript(name: String) -> AMQPValue? {
        get { entries.first { $0.name == name }?.value }
        set {
            guard let newValue else { return entries.removeAll { $0.name == name } }
            if let index = entries.firstIndex(where: { $0.name == name }) {
                entries[index].value = newValue
            } else {
                entries.append(Entry(name, newValue))
            }
        }
    }
}

extension AMQPTable: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, AMQPValue)...) {
        entries = elements.map { Entry($0.0, $0.1) }
    }
}
