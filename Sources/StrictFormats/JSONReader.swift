/// Parses JSON (RFC 8259) strictly.
///
/// Foundation's parser does not suffice. The contract limits the depth, rejects duplicate keys, reports the path of the
/// invalid key, and returns attributes exactly as sent, numbers included; Foundation keeps the last of two members,
/// turns numbers into `Double`, and takes 3.3 µs for a typical message, on a path that every message takes.
///
/// Every access goes through `Span` and is bounds-checked: these bytes come from untrusted senders.
package struct JSONReader {
    /// The greatest permissible `maximumDepth`. Parsing recurses, so this bounds its stack.
    package static let depthBound = 512

    private var position = 0
    private let maximumDepth: Int

    private init(maximumDepth: Int) {
        self.maximumDepth = maximumDepth
    }

    /// Parses one value, surrounded by nothing but white space.
    ///
    /// Two keys are the same if they have the same bytes, which is how `JSONObject` finds them.
    ///
    /// - Parameter maximumDepth: how deep containers may be nested; the outermost is 1.
    /// - Precondition: `maximumDepth` is at most `depthBound`.
    package static func read(_ bytes: [UInt8], maximumDepth: Int = 32) throws(JSONError) -> JSONValue {
        try read(bytes.span, maximumDepth: maximumDepth)
    }

    /// Like `read(_:maximumDepth:)` above, for borrowed bytes.
    package static func read(_ bytes: Span<UInt8>, maximumDepth: Int = 32) throws(JSONError) -> JSONValue {
        precondition(maximumDepth <= depthBound, "parsing recurses, so the depth must be bounded")
        var reader = JSONReader(maximumDepth: maximumDepth)
        reader.skipWhitespace(bytes)
        let value = try reader.value(bytes, depth: 1)
        reader.skipWhitespace(bytes)
        guard reader.position == bytes.count else { throw reader.syntaxError("something follows the JSON value") }
        return value
    }

    private func syntaxError(_ message: String) -> JSONError {
        JSONError(code: .syntax, offset: position, message: message)
    }

    private mutating func skipWhitespace(_ bytes: Span<UInt8>) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// Parses the value at `position`. If it is a container, its depth is `depth`.
    private mutating func value(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSONValue {
        guard position < bytes.count else { throw syntaxError("the text ends where a value is expected") }
        switch bytes[position] {
        case UInt8(ascii: "\""):
            return .string(try string(bytes))
        case UInt8(ascii: "{"):
            return try object(bytes, depth: depth)
        case UInt8(ascii: "["):
            return try array(bytes, depth: depth)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            do {
                return try JSONNumber.read(bytes, at: &position)
            } catch {
                throw syntaxError(error.message)
            }
        case UInt8(ascii: "t"):
            try literal("true", bytes)
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false", bytes)
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null", bytes)
            return .null
        default:
            throw syntaxError("no JSON value begins like this")
        }
    }

    private mutating func literal(_ word: StaticString, _ bytes: Span<UInt8>) throws(JSONError) {
        let length = word.utf8CodeUnitCount
        guard bytes.count - position >= length else { throw syntaxError("the text ends within a word") }
        for index in 0..<length where bytes[position + index] != word.utf8Start[index] {
            throw syntaxError("this is not true, false or null")
        }
        position += length
    }

    private mutating func string(_ bytes: Span<UInt8>) throws(JSONError) -> String {
        try JSONText.read(bytes, at: &position)
    }
}

// MARK: - Containers

extension JSONReader {
    private func checkDepth(_ depth: Int) throws(JSONError) {
        guard depth <= maximumDepth else {
            throw JSONError(
                code: .depth, offset: position, message: "the JSON is nested more than \(maximumDepth) levels deep")
        }
    }

    private mutating func array(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSONValue {
        try checkDepth(depth)
        position += 1
        skipWhitespace(bytes)
        if takes(UInt8(ascii: "]"), bytes) { return .array([]) }
        var elements: [JSONValue] = []
        while true {
            elements.append(try value(bytes, depth: depth + 1))
            skipWhitespace(bytes)
            if takes(UInt8(ascii: "]"), bytes) { return .array(elements) }
            guard takes(UInt8(ascii: ","), bytes) else {
                throw syntaxError("a comma or the end of the array is expected here")
            }
            skipWhitespace(bytes)
        }
    }

    private mutating func object(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSONValue {
        try checkDepth(depth)
        position += 1
        skipWhitespace(bytes)
        if takes(UInt8(ascii: "}"), bytes) { return .object(JSONObject()) }
        var members: [JSONObject.Member] = []
        // Most bodies have fewer members: one allocation instead of growing three times.
        members.reserveCapacity(8)
        var known = KnownKeys()
        while true {
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw syntaxError("a quoted key is expected here")
            }
            let start = position
            let key = try string(bytes)
            guard known.insert(key, after: members) else {
                throw JSONError(code: .duplicateKey, offset: start, message: "an object has this key twice")
            }
            skipWhitespace(bytes)
            guard takes(UInt8(ascii: ":"), bytes) else { throw syntaxError("a colon is expected after the key") }
            skipWhitespace(bytes)
            members.append((key, try value(bytes, depth: depth + 1)))
            skipWhitespace(bytes)
            if takes(UInt8(ascii: "}"), bytes) { return .object(JSONObject(uniqueMembers: members)) }
            guard takes(UInt8(ascii: ","), bytes) else {
                throw syntaxError("a comma or the end of the object is expected here")
            }
            skipWhitespace(bytes)
        }
    }

    private mutating func takes(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }
}

/// Finds duplicate keys: by comparing with all while there are few, and in a set beyond that, so that an object with
/// thousands of keys does not take quadratic time.
private struct KnownKeys {
    private static let few = 16
    private var set: Set<ExactText> = []

    /// Returns whether `key` is new among `members`.
    mutating func insert(_ key: String, after members: [JSONObject.Member]) -> Bool {
        guard members.count >= Self.few else {
            for index in members.indices where members[index].key.isExactly(key) { return false }
            return true
        }
        if set.isEmpty { set = Set(members.map { ExactText($0.key) }) }
        return set.insert(ExactText(key)).inserted
    }
}
