/// A JSON value (RFC 8259) from a caller: attributes, and the bodies of commands.
///
/// A number that is not a 64-bit integer keeps its text, so that stored attributes are returned exactly as they were
/// sent.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Any other number, as written.
    case decimal(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// The members of a JSON object, in the order of arrival. Keys are unique: the reader rejects duplicates.
package struct JSONObject: Sendable {
    package typealias Member = (key: String, value: JSONValue)

    package private(set) var members: [Member]

    package init() {
        members = []
    }

    /// - Precondition: no two members share a key.
    package init(uniqueMembers: [Member]) {
        members = uniqueMembers
    }

    package var isEmpty: Bool { members.isEmpty }

    /// The position of the member with this key. (A loop, because a closure would be given a copy of each member.)
    package func index(of key: String) -> Int? {
        for index in members.indices where members[index].key.isExactly(key) { return index }
        return nil
    }

    /// The value under `key`; setting `nil` removes the member.
    package subscript(key: String) -> JSONValue? {
        get {
            index(of: key).map { members[$0].value }
        }
        set {
            switch (index(of: key), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }
}

extension JSONValue: Hashable {
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.decimal(let left), .decimal(let right)), (.string(let left), .string(let right)): left.isExactly(right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        case (.null, _), (.bool, _), (.integer, _), (.decimal, _), (.string, _), (.array, _), (.object, _): false
        }
    }
}

/// Two objects are equal when they have the same members, whatever their order (RFC 8259, section 4).
extension JSONObject: Hashable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.members.count == right.members.count else { return false }
        // The order is nearly always the same. Searching for each key would take quadratic time.
        return zip(left.members, right.members).allSatisfy { member, other in
            (member.key.isExactly(other.key) ? other.value : right[member.key]) == member.value
        }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(members.count)
        var keys = 0
        for member in members { keys ^= ExactText(member.key).hashValue }
        hasher.combine(keys)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(uniqueMembers: elements.map { (key: $0.0, value: $0.1) })
    }
}
