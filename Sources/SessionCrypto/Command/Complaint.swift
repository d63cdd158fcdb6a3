/// The part of a command's standard error that is safe to show: its last line, shortened, in printable characters, with
/// anything that could be a key redacted.
enum Complaint {
    /// How many bytes from the end are examined.
    static let maxBytes = 4096
    private static let maxCharacters = 200
    /// A run of base64url characters at least this long is treated as a secret; a key has 43.
    private static let suspiciousLength = 24

    /// In double quotes; `nil` if there is only white space.
    static func lastLine(of bytes: [UInt8]) -> String? {
        let lines = bytes.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") })
        guard let last = lines.last(where: { !$0.allSatisfy { $0 <= UInt8(ascii: " ") } }) else { return nil }
        let shown = redacted(String(decoding: last, as: UTF8.self))
        let short = shown.count > maxCharacters ? shown.prefix(maxCharacters) + "…" : shown[...]
        return String(reflecting: String(short))
    }

    private static func redacted(_ line: String) -> String {
        var result = ""
        var run = ""
        func endRun() {
            result += run.utf8.count >= suspiciousLength ? "[redacted]" : run
            run = ""
        }
        for character in line {
            if character.isASCII, character.isLetter || character.isNumber || "+=_-".contains(character) {
                run.append(character)
            } else {
                endRun()
                result.append(character)
            }
        }
        endRun()
        return result
    }
}
