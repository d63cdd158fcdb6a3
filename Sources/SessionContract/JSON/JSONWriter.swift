package import SessionCore

/// Writes JSON straight into bytes, member by member, without an intermediate tree.
///
/// It adds commas and quotes; the caller writes a `key` followed by one value in an `object`, and values in an `array`.
///
///     let bytes = JSONWriter.object { json in
///         json.member("status", "succeeded")
///         json.object("session") { … }
///     }
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// - Parameter capacity: bytes to reserve; most results and events are shorter than the default.
    package init(capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    /// Writes one complete object.
    package static func object(capacity: Int = 512, _ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(capacity: capacity)
        writer.object(body)
        return writer.bytes
    }

    /// `object` as compact JSON.
    package static func bytes(of object: JSONObject) -> [UInt8] {
        var writer = JSONWriter()
        writer.object(object)
        return writer.bytes
    }

    // MARK: Containers

    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        beginValue()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    package mutating func array(_ body: (inout JSONWriter) -> Void) {
        beginValue()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Writes an array of as many of `elements` as fit into `maxBytes`, commas included, but at least the first.
    ///
    /// - Returns: how many were written.
    package mutating func array<Element>(
        of elements: [Element], maxBytes: Int, _ write: (inout JSONWriter, Element) -> Void
    ) -> Int {
        var count = 0
        array { json in
            let start = json.bytes.count
            for element in elements {
                let end = json.bytes.count
                write(&json, element)
                guard count == 0 || json.bytes.count - start <= maxBytes else {
                    json.bytes.removeSubrange(end...)
                    break
                }
                count += 1
            }
        }
        return count
    }

    /// Writes the key of the next value. A key known at compile time is copied without escaping.
    ///
    /// - Precondition: `key` needs no escaping.
    package mutating func key(_ key: StaticString) {
        let text = UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        assert(JSONEscape.firstToEscape(in: text, from: 0) == text.count, "this key needs escaping")
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: text)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes the key of the next value, escaped if necessary.
    package mutating func key(text: String) {
        beginValue()
        JSONEscape.append(text, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    // MARK: Values

    package mutating func string(_ text: String) {
        beginValue()
        JSONEscape.append(text, to: &bytes)
    }

    package mutating func integer(_ value: Int64) {
        beginValue()
        DecimalDigits.append(value, to: &bytes)
    }

    package mutating func bool(_ value: Bool) {
        raw(value ? "true" : "false")
    }

    package mutating func null() {
        raw("null")
    }

    /// Writes a time as the contract specifies: RFC 3339, UTC, with milliseconds.
    package mutating func timestamp(_ time: Timestamp) {
        beginValue()
        bytes.append(UInt8(ascii: "\""))
        time.appendRFC3339(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a value that is JSON already.
    package mutating func raw(_ json: [UInt8]) {
        beginValue()
        bytes.append(contentsOf: json)
    }

    package mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): integer(value)
        case .decimal(let text):
            beginValue()
            bytes.append(contentsOf: text.utf8)
        case .string(let text): string(text)
        case .array(let elements):
            array { json in
                for element in elements { json.value(element) }
            }
        case .object(let object): self.object(object)
        }
    }

    package mutating func object(_ object: JSONObject) {
        self.object { json in
            for member in object.members {
                json.key(text: member.key)
                json.value(member.value)
            }
        }
    }

    private mutating func raw(_ word: StaticString) {
        beginValue()
        bytes.append(contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }

    /// Separates the next value from the previous one.
    private mutating func beginValue() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }
}
