package import SessionCore

/// Parses the members of a JSON object strictly: each key is requested by name, and `finish()` rejects the rest, so
/// that a misspelt key never weakens a check silently. Each error contains the JSON Pointer (RFC 6901) of its key.
package struct ObjectReader {
    let object: JSONObject
    /// The path of this object, without `key`.
    private let outerPath: String
    /// The key of this object in the one that contains it. It is appended to the path only for an error.
    private let key: String?
    /// The keys that were requested, for error messages.
    private var known: [String] = []
    /// Which of the first 64 members were requested, as bits.
    private var taken: UInt64 = 0
    /// Whether error messages repeat any name. True for the operator's own files, which only appear in the operator's
    /// log.
    private let repeatsNames: Bool

    package init(_ object: JSONObject, path: String = "", repeatsNames: Bool = false) {
        self.init(object, under: nil, in: path, repeatsNames: repeatsNames)
    }

    private init(_ object: JSONObject, under key: String?, in outerPath: String, repeatsNames: Bool) {
        self.object = object
        self.key = key
        self.outerPath = outerPath
        self.repeatsNames = repeatsNames
    }

    private var path: String {
        key.map { Self.pointer(to: $0, in: outerPath) } ?? outerPath
    }

    /// Parses a file that contains one JSON object.
    ///
    /// - Throws: `Failure` with `malformed_message`.
    init(file bytes: [UInt8]) throws(Failure) {
        let value: JSONValue
        do {
            value = try JSONReader.read(bytes)
        } catch {
            throw Failure(.malformedMessage, "not JSON: \(error.message)")
        }
        guard case .object(let object) = value else { throw Failure(.malformedMessage, "must be a JSON object") }
        self.init(object, repeatsNames: true)
    }

    /// The object's keys, in order.
    var keys: [String] { object.members.map(\.key) }

    package mutating func value(_ key: String) -> JSONValue? {
        if object.isEmpty { return nil }
        // More than any object of a command has: one allocation instead of growing several times.
        if known.isEmpty { known.reserveCapacity(24) }
        known.append(key)
        guard let index = object.index(of: key) else { return nil }
        taken |= 1 << UInt64(index)
        return object.members[index].value
    }

    /// Rejects the first member that was not requested.
    package func finish() throws(Failure) {
        let count = object.members.count
        if count < UInt64.bitWidth, taken == (1 << UInt64(count)) - 1 { return }
        for member in object.members where !known.contains(where: { member.key.isExactly($0) }) {
            guard let name = repeatable(member.key) else {
                throw Failure(
                    .invalidField,
                    "unknown key; its name is withheld: it is too long, unprintable, or could be a credential",
                    path: "\(path)/\(SenderText.withheld)")
            }
            throw failure(name, "there is no such key here\(NearestName.question(for: name, among: known))")
        }
    }

    /// A key as it was sent, if error messages may repeat it.
    private func repeatable(_ key: String) -> String? {
        repeatsNames ? key : SenderText.name(key)
    }

    /// The error if one of `keys` is required; it points to the first. If a member looks like one of them misspelt, it
    /// is named as well.
    package func missing(_ keys: String..., because message: String = "is required") -> Failure {
        let others = object.members.map(\.key).filter { key in !known.contains { $0.isExactly(key) } }
        let misspelt = others.first { NearestName.nearest(to: $0, among: keys) != nil }
        guard let name = misspelt.flatMap(repeatable), let meant = NearestName.nearest(to: name, among: keys) else {
            return failure(keys[0], message)
        }
        return failure(keys[0], "\(message); there is no key \(name): did you mean \(meant)?")
    }

    package func failure(_ key: String, _ message: String) -> Failure {
        Failure(.invalidField, message, path: pointer(to: key))
    }

    func pointer(to key: String) -> String {
        Self.pointer(to: key, in: path)
    }

    private static func pointer(to key: String, in path: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
            return "\(path)/\(key)"
        }
        var escaped = ""
        for character in key.unicodeScalars {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return "\(path)/\(escaped)"
    }
}

// MARK: - Typed members

extension ObjectReader {
    /// A text with bounds on its number of Unicode scalars.
    package mutating func string(_ key: String, length: ClosedRange<Int>) throws(Failure) -> String? {
        switch value(key) {
        case nil: return nil
        case .string(let text):
            guard isLong(text, length) else {
                throw failure(key, "must be \(length.lowerBound) to \(length.upperBound) characters long")
            }
            return text
        case .null, .bool, .integer, .decimal, .array, .object:
            throw failure(key, "must be a string")
        }
    }

    /// Whether the number of Unicode scalars is within bounds. Scalars are counted only if the number of bytes does not
    /// decide: a scalar takes at least one byte, and a text that is not empty has at least one scalar.
    private func isLong(_ text: String, _ length: ClosedRange<Int>) -> Bool {
        if length.lowerBound <= 1, length.contains(text.utf8.count) { return true }
        return length.contains(text.unicodeScalars.count)
    }

    /// Like `string(_:length:)`, for a text that is compared by its bytes.
    package mutating func exactText(_ key: String, length: ClosedRange<Int>) throws(Failure) -> ExactText? {
        try string(key, length: length).map { ExactText($0) }
    }

    package mutating func required(_ key: String, length: ClosedRange<Int>) throws(Failure) -> String {
        guard let text = try string(key, length: length) else { throw missing(key) }
        return text
    }

    package mutating func integer(_ key: String, in range: ClosedRange<Int>) throws(Failure) -> Int? {
        switch value(key) {
        case nil: return nil
        case .integer(let number):
            guard let number = Int(exactly: number), range.contains(number) else {
                throw failure(key, "must be from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        case .null, .bool, .decimal, .string, .array, .object:
            throw failure(key, "must be an integer")
        }
    }

    package mutating func number(_ key: String, in range: ClosedRange<Double>) throws(Failure) -> Double? {
        let number: Double? =
            switch value(key) {
            case nil: nil
            case .integer(let number): Double(number)
            case .decimal(let text): Double(text)
            case .null, .bool, .string, .array, .object: throw failure(key, "must be a number")
            }
        guard let number else { return nil }
        guard range.contains(number) else {
            throw failure(key, "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    package mutating func boolean(_ key: String) throws(Failure) -> Bool? {
        switch value(key) {
        case nil: return nil
        case .bool(let truth): return truth
        case .null, .integer, .decimal, .string, .array, .object: throw failure(key, "must be true or false")
        }
    }

    package mutating func object(_ key: String) throws(Failure) -> JSONObject? {
        switch value(key) {
        case nil: return nil
        case .object(let object): return object
        case .null, .bool, .integer, .decimal, .string, .array: throw failure(key, "must be an object")
        }
    }

    /// The object under `key`, parsed by `read`, which must request every member.
    package mutating func nested<Value>(
        _ key: String, _ read: (inout ObjectReader) throws(Failure) -> Value
    ) throws(Failure) -> Value? {
        guard let object = try object(key) else { return nil }
        var reader = ObjectReader(object, under: key, in: path, repeatsNames: repeatsNames)
        let value = try read(&reader)
        try reader.finish()
        return value
    }

    /// One of the words of an enumeration.
    package mutating func word<Word: RawRepresentable & CaseIterable>(
        _ key: String, as type: Word.Type
    ) throws(Failure) -> Word? where Word.RawValue == String {
        guard let text = try string(key, length: 0...64) else { return nil }
        guard let word = Word(exactly: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw failure(key, "must be one of \(words)")
        }
        return word
    }
}
