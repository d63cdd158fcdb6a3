package import SessionCore

/// Whole members. `nil` writes nothing: in the contract, fields that do not apply are absent, not null.
extension JSONWriter {
    package mutating func member(_ key: StaticString, _ value: String?) {
        guard let value else { return }
        let utf8 = value.utf8.span
        guard PlainRun(in: utf8, from: 0).end == utf8.count else {
            self.key(key)
            return string(value)
        }
        append(key, andAtMost: utf8.count + 2) { room, end in room.putQuoted(utf8, at: &end) }
    }

    package mutating func member(_ key: StaticString, _ value: ExactText?) {
        member(key, value?.text)
    }

    package mutating func member(_ key: StaticString, _ value: Int?) {
        guard let value else { return }
        self.key(key)
        integer(Int64(value))
    }

    package mutating func member(_ key: StaticString, _ value: Bool?) {
        guard let value else { return }
        self.key(key)
        bool(value)
    }

    package mutating func member(_ key: StaticString, _ value: Timestamp?) {
        guard let value else { return }
        let characters = value.rfc3339Characters
        append(key, andAtMost: characters.count + 2) { room, end in room.putQuoted(characters.span, at: &end) }
    }

    package mutating func member(_ key: StaticString, _ value: JSONValue?) {
        guard let value else { return }
        self.key(key)
        self.value(value)
    }

    package mutating func member(_ key: StaticString, _ value: JSONObject?) {
        guard let value else { return }
        self.key(key)
        object(value)
    }

    package mutating func member(_ key: StaticString, _ values: [String]?) {
        guard let values else { return }
        self.key(key)
        array { json in
            for value in values { json.string(value) }
        }
    }

    package mutating func member(_ key: StaticString, _ values: [ExactText]) {
        self.key(key)
        array { json in
            for value in values { json.string(value.text) }
        }
    }

    @inline(__always)
    package mutating func object(_ key: StaticString, _ body: (inout JSONWriter) -> Void) {
        self.key(key)
        object(body)
    }

    @inline(__always)
    package mutating func array(_ key: StaticString, _ body: (inout JSONWriter) -> Void) {
        self.key(key)
        array(body)
    }

    /// Writes an array of as many of `elements` as fit into `maxBytes`, but at least the first.
    ///
    /// - Returns: how many were written.
    package mutating func array<Element>(
        _ key: StaticString, of elements: [Element], maxBytes: Int, _ write: (inout JSONWriter, Element) -> Void
    ) -> Int {
        self.key(key)
        return array(of: elements, maxBytes: maxBytes, write)
    }
}
