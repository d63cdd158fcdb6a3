package import SessionCore

/// Whole members. `nil` writes nothing: in the contract, fields that do not apply are absent, not null.
extension JSONWriter {
    package mutating func member(_ key: StaticString, _ value: String?) {
        guard let value else { return }
        self.key(key)
        string(value)
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
        self.key(key)
        timestamp(value)
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

    package mutating func object(_ key: StaticString, _ body: (inout JSONWriter) -> Void) {
        self.key(key)
        object(body)
    }

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
