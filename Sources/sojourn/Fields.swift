import ArgumentParser
import SessionContract
import SessionCore

/// Fields on a command line: `key=text`, `key:=JSON`, with dots for nesting.
enum Fields {
    static func object(from fields: [String]) throws -> JSONObject {
        var object = JSONObject()
        for field in fields {
            // By code points: Swift treats "=" followed by a combining accent as one character, different from "=".
            let scalars = field.unicodeScalars
            guard let equals = scalars.firstIndex(of: "="), equals > scalars.startIndex else {
                throw ValidationError("\(PrintableText.escaped(field)) is not a field: write key=text or key:=JSON.")
            }
            let text = String(scalars[scalars.index(after: equals)...])
            let isJSON = scalars[scalars.index(before: equals)] == ":"
            let key = scalars[..<(isJSON ? scalars.index(before: equals) : equals)]
            let path = key.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
            guard path.allSatisfy({ !$0.isEmpty }) else {
                throw ValidationError(
                    "\(PrintableText.escaped(String(key))) is not a key: write names separated by dots.")
            }
            let value = isJSON ? try json(text, of: String(key)) : .string(text)
            try set(value, at: path[...], in: &object, field: String(key))
        }
        return object
    }

    private static func json(_ text: String, of key: String) throws -> JSONValue {
        do {
            return try JSONReader.read(Array(text.utf8))
        } catch {
            throw ValidationError("The value of \(PrintableText.escaped(key)) is not JSON: \(error.message).")
        }
    }

    private static func set(
        _ value: JSONValue, at path: ArraySlice<String>, in object: inout JSONObject, field: String
    ) throws {
        guard let key = path.first else { return }
        guard path.count > 1 else {
            guard object[key] == nil else { throw ValidationError("\(PrintableText.escaped(field)) is given twice.") }
            object[key] = value
            return
        }
        switch object[key] {
        case nil:
            var inner = JSONObject()
            try set(value, at: path.dropFirst(), in: &inner, field: field)
            object[key] = .object(inner)
        case .object(var inner):
            try set(value, at: path.dropFirst(), in: &inner, field: field)
            object[key] = .object(inner)
        default:
            throw ValidationError("\(PrintableText.escaped(field)) is given twice, as a value and as an object.")
        }
    }
}
