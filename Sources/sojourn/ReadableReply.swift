import SessionContract
import SessionCore

/// Formats a result for a person: a line with the outcome, then one line per value.
enum ReadableReply {
    /// A result contains attributes, which a command may nest 31 deep, three levels deeper than in the command.
    static let maxDepth = 40

    /// Whether the command succeeded and, if it validated a token, the token is valid.
    static func isYes(_ reply: [UInt8]) -> Bool {
        guard let result = try? JSONReader.read(reply, maximumDepth: maxDepth).object,
            result.text("status") == "succeeded"
        else { return false }
        return !saysInvalid(result)
    }

    static func text(of reply: [UInt8]) -> String {
        guard let result = try? JSONReader.read(reply, maximumDepth: maxDepth).object,
            let command = result.text("command"), let status = result.text("status")
        else { return PrintableText.escaped(String(decoding: reply, as: UTF8.self)) }
        var lines: [(name: String, value: String)] = []
        if let data = result["data"] { flatten(data, under: "", into: &lines) }
        if let error = result["error"] { flatten(error, under: "", into: &lines) }
        let body = AlignedLines.lines(lines).map { "  " + $0 }
        // For a validate, whether it succeeded matters less than whether the token is valid.
        let how = saysInvalid(result) ? "says no: the token is not valid" : status
        return ([PrintableText.escaped("\(command) \(how)")] + body).joined(separator: "\n")
    }

    /// A line for each value of an object.
    static func lines(of object: JSONObject) -> String {
        var lines: [(name: String, value: String)] = []
        flatten(.object(object), under: "", into: &lines)
        return AlignedLines.text(lines)
    }

    private static func saysInvalid(_ result: JSONObject) -> Bool {
        result.object("data")?["valid"] == .bool(false)
    }

    private static func flatten(
        _ value: JSONValue, under key: String, into lines: inout [(name: String, value: String)]
    ) {
        switch value {
        case .object(let object) where !object.isEmpty:
            for member in object.members {
                flatten(member.value, under: key.isEmpty ? member.key : "\(key).\(member.key)", into: &lines)
            }
        case .string(let text): lines.append((key, text))
        case .null, .bool, .integer, .decimal, .array, .object:
            var writer = JSONWriter()
            writer.value(value)
            lines.append((key, String(decoding: writer.bytes, as: UTF8.self)))
        }
    }
}
