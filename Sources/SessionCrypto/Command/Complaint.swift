/// What may be told of a command's standard error: its last line, short, in printable characters, and without anything
/// that could be a key.
enum Complaint {
    /// What is looked at, in bytes from the end.
    static let maxBytes = 4096
    private static let maxCharacters = 200
    /// As long as this, a run of the characters of base64url is taken for a secret; a key has 43.
    private static let suspiciousLength = 24

    /// In double quotes; `nil` where there is nothing but white space.
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
