import FoundationEssentials

/// JSON as the contract writes it: times in RFC 3339 with milliseconds, keys in one order.
package enum WireJSON {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// The same value has the same bytes, so that a command that is sent again is known as the same.
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(text(of: date))
        }
        return Array(try encoder.encode(value))
    }

    package static func decode<Value: Decodable>(_: Value.Type, from bytes: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            return try Date(text, strategy: style)
        }
        return try decoder.decode(Value.self, from: Data(bytes))
    }

    /// The nearest millisecond. The style cuts off what is smaller, and a time of 0.001 s is a little less than that in binary.
    static func text(of date: Date) -> String {
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
        return Date(timeIntervalSince1970: (milliseconds + 0.5) / 1000).formatted(style)
    }
}
