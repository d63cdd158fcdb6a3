import SessionCrypto

/// One value as given, and the ways to parse it. Each error names the variable as the user wrote it, quotes the value
/// unless it may contain a password, and says what is allowed.
struct ConfigurationSetting {
    var variable: ConfigurationVariable

    /// `SOJOURN_PREFETCH`, `--prefetch` or `prefetch in FILE`.
    var name: String

    var text: String

    func integer(in bounds: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        guard let number = Int(text), bounds.contains(number) else {
            throw invalid("it must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return number
    }

    /// From 0 to 1, in plain decimal notation.
    func ratio() throws(ConfigurationError) -> Double {
        let isPlain = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".")
        }
        guard isPlain, text.utf8.count <= 20, let number = Double(text), (0...1).contains(number) else {
            throw invalid("it must be a number from 0 to 1, such as 0.01")
        }
        return number
    }

    func flag() throws(ConfigurationError) -> Bool {
        switch text {
        case "true": return true
        case "false": return false
        default: throw invalid("it must be true or false")
        }
    }

    func choice<Choice: CaseIterable & RawRepresentable<String>>(
        of type: Choice.Type
    ) throws(ConfigurationError) -> Choice {
        guard let choice = Choice(rawValue: text) else {
            throw invalid("it must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    /// A name that becomes part of the names of queues and keys.
    func namespace() throws(ConfigurationError) -> String {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default:
                false
            }
        }
        guard isAllowed, (1...32).contains(text.utf8.count) else {
            throw invalid("it must be 1 to 32 letters A-Z a-z, digits, - and _")
        }
        return text
    }

    func printableText(maxBytes: Int) throws(ConfigurationError) -> String {
        guard (1...maxBytes).contains(text.utf8.count), Self.isPrintable(text) else {
            throw invalid("it must be 1 to \(maxBytes) bytes without control characters")
        }
        return text
    }

    func path() throws(ConfigurationError) -> String {
        guard (1...WorkerConfiguration.Bounds.pathBytes).contains(text.utf8.count), Self.isPrintable(text) else {
            throw invalid("it must be the path of a file")
        }
        return text
    }

    /// A program and its arguments.
    func command() throws(ConfigurationError) -> [String] {
        guard text.utf8.count <= WorkerConfiguration.Bounds.commandBytes, let words = CommandLineWords.split(text)
        else {
            throw invalid(
                "it must be a program and its arguments, separated by spaces (with quotes, but without a shell) or "
                    + "as a JSON array of strings")
        }
        return words
    }

    func endpoint() throws(ConfigurationError) -> SocketEndpoint {
        guard let endpoint = SocketEndpoint(text) else {
            throw invalid("it must be host:port, such as 127.0.0.1:9490, 0.0.0.0:9490 (every interface) or [::1]:9490")
        }
        return endpoint
    }

    /// Only checks the scheme; the connection that uses the URL checks the rest.
    func url(schemes: [String]) throws(ConfigurationError) -> String {
        try Self.check(text, schemes: schemes, failure: invalid)
        return text
    }

    /// A comma in a user name or password must be written as `%2C`.
    func urls(schemes: [String], count: ClosedRange<Int>) throws(ConfigurationError) -> [String] {
        let urls = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            String(part.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        }
        guard count.contains(urls.count) else {
            throw invalid("it must be \(count.lowerBound) to \(count.upperBound) URLs, separated by commas")
        }
        for url in urls { try Self.check(url, schemes: schemes, failure: invalid) }
        return urls
    }

    private static func check(
        _ url: String, schemes: [String], failure: (String) -> ConfigurationError
    ) throws(ConfigurationError) {
        let starts = schemes.map { "\($0)://" }
        guard let start = starts.first(where: { url.lowercased().hasPrefix($0) }) else {
            let others = starts.dropLast().joined(separator: ", ")
            throw failure("it must begin with \(others) or \(starts.last ?? "")")
        }
        guard url.utf8.count > start.utf8.count else { throw failure("a host must follow \(start)") }
        guard url.utf8.count <= WorkerConfiguration.Bounds.urlBytes else {
            throw failure("it must be at most \(WorkerConfiguration.Bounds.urlBytes) bytes")
        }
        guard isPrintable(url), !url.contains(" ") else {
            throw failure("spaces and control characters must be percent-encoded")
        }
    }

    private func invalid(_ remedy: String) -> ConfigurationError {
        if text.isEmpty { return ConfigurationError(.invalidValue, name, "is empty", remedy: remedy) }
        let problem = variable.declaration.isSecret ? "is not usable" : "is \(Self.quoted(text))"
        return ConfigurationError(.invalidValue, name, problem, remedy: remedy)
    }

    private static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    /// Unchanged if the text is plain, otherwise as ``quoted(_:)`` returns it.
    static func name(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default:
                false
            }
        }
        return isPlain && text.utf8.count <= 64 ? text : quoted(text)
    }

    /// Quoted, with control characters escaped, and short enough for one line of an error.
    static func quoted(_ text: String) -> String {
        let limit = 64
        let shown = text.count > limit ? text.prefix(limit) + "…" : text[...]
        return String(reflecting: String(shown))
    }
}
