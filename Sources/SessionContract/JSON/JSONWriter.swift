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
    private var text: GrowingBytes
    private var needsComma = false

    /// What has been written so far.
    package var bytes: [UInt8] { text.bytes }

    /// - Parameter capacity: bytes to reserve; most results and events are shorter than the default.
    package init(capacity: Int = 512) {
        text = GrowingBytes(capacity: capacity)
    }

    /// Writes one complete object.
    @inline(__always)
    package static func object(capacity: Int = 512, _ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(capacity: capacity)
        writer.object(body)
        return writer.text.finished()
    }

    /// `object` as compact JSON.
    package static func bytes(of object: JSONObject) -> [UInt8] {
        var writer = JSONWriter()
        writer.object(object)
        return writer.text.finished()
    }

    // MARK: Insertions

    /// A place between two members of an object.
    struct Place {
        fileprivate let offset: Int
        fileprivate let needsComma: Bool
    }

    /// The place where the next member goes.
    var place: Place { Place(offset: text.count, needsComma: needsComma) }

    /// A copy of `json` with more members at a place of it.
    ///
    /// - Precondition: there is at least one member before the place or after it, and `body` writes at least one.
    static func inserting(at place: Place, into json: [UInt8], _ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(capacity: json.count + 512)
        writer.text.append(json.span.extracting(..<place.offset))
        writer.needsComma = place.needsComma
        body(&writer)
        if !place.needsComma { writer.text.append(UInt8(ascii: ",")) }
        writer.text.append(json.span.extracting(place.offset...))
        return writer.text.finished()
    }

    // MARK: Containers

    @inline(__always)
    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        beginValue()
        text.append(UInt8(ascii: "{"))
        needsComma = false
        body(&self)
        text.append(UInt8(ascii: "}"))
        needsComma = true
    }

    @inline(__always)
    package mutating func array(_ body: (inout JSONWriter) -> Void) {
        beginValue()
        text.append(UInt8(ascii: "["))
        needsComma = false
        body(&self)
        text.append(UInt8(ascii: "]"))
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
            let start = json.text.count
            for element in elements {
                let end = json.text.count
                write(&json, element)
                guard count == 0 || json.text.count - start <= maxBytes else {
                    json.text.truncate(to: end)
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
        append(key, andAtMost: 0) { _, _ in }
        needsComma = false
    }

    /// Writes a key and its value at once: at most `length` bytes, put by `value`.
    ///
    /// - Precondition: `key` needs no escaping.
    @inline(__always)
    mutating func append(
        _ key: StaticString, andAtMost length: Int,
        _ value: (_ room: inout MutableSpan<UInt8>, _ end: inout Int) -> Void
    ) {
        let name = UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount).span
        assert(PlainRun(in: name, from: 0).end == name.count, "this key needs escaping")
        let followsAnother = needsComma
        needsComma = true
        text.append(atMost: name.count + length + 4) { room, end in
            if followsAnother { room.put(UInt8(ascii: ","), at: &end) }
            room.put(UInt8(ascii: "\""), at: &end)
            room.put(name, at: &end)
            room.put(UInt8(ascii: "\""), at: &end)
            room.put(UInt8(ascii: ":"), at: &end)
            value(&room, &end)
        }
    }

    /// Writes the key of the next value, escaped if necessary.
    package mutating func key(text key: String) {
        beginValue()
        JSONEscape.append(key, to: &text)
        text.append(UInt8(ascii: ":"))
        needsComma = false
    }

    // MARK: Values

    package mutating func string(_ string: String) {
        beginValue()
        JSONEscape.append(string, to: &text)
    }

    package mutating func integer(_ value: Int64) {
        beginValue()
        DecimalDigits.append(value, to: &text)
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
        let characters = time.rfc3339Characters
        text.append(atMost: characters.count + 2) { room, end in room.putQuoted(characters.span, at: &end) }
    }

    /// Writes a value that is JSON already.
    package mutating func raw(_ json: [UInt8]) {
        beginValue()
        text.append(json.span)
    }

    package mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): integer(value)
        case .decimal(let number):
            beginValue()
            text.append(number.utf8.span)
        case .string(let string): self.string(string)
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
        text.append(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount).span)
    }

    /// Separates the next value from the previous one.
    private mutating func beginValue() {
        if needsComma { text.append(UInt8(ascii: ",")) }
        needsComma = true
    }
}
