/// Headers for requests to a collector, such as `authorization`. Their values are secret.
package struct OTLPHeaders: Sendable, CustomStringConvertible {
    /// In bytes, of the file.
    package static let maxBytes = 16 << 10
    private static let most = 16
    /// Set by the exporter, or about the connection.
    private static let reserved = [
        "connection", "content-encoding", "content-length", "content-type", "expect", "host", "te", "trailer",
        "transfer-encoding", "upgrade", "user-agent",
    ]

    let all: [(name: String, value: String)]

    package static let none = OTLPHeaders()

    private init() {
        all = []
    }

    /// Reads a file with one header a line, `name: value`. Empty lines, and those that begin with `#`, are skipped.
    package init(file content: [UInt8]) throws(OTLPEndpoint.Problem) {
        guard let text = String(validating: content, as: UTF8.self) else { throw .init(message: "is not UTF-8") }
        var all: [(name: String, value: String)] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = Self.trimmed(line)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let colon = line.firstIndex(of: ":") else {
                throw .init(message: "has no colon in line \(index + 1)")
            }
            let name = line[..<colon].lowercased()
            let value = Self.trimmed(line[line.index(after: colon)...])
            guard !name.isEmpty, name.utf8.allSatisfy(Self.isNameByte) else {
                throw .init(message: "has an invalid name in line \(index + 1)")
            }
            guard !Self.reserved.contains(name) else {
                throw .init(message: "sets \(name) in line \(index + 1), which is not up to it")
            }
            guard value.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
                throw .init(message: "has a value in line \(index + 1) that is not printable ASCII")
            }
            all.append((name, value))
        }
        guard all.count <= Self.most else { throw .init(message: "has more than \(Self.most) headers") }
        self.all = all
    }

    /// Without the values.
    package var description: String { all.map(\.name).joined(separator: ", ") }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    /// A token of RFC 9110, section 5.6.2, of the characters that header names have.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
