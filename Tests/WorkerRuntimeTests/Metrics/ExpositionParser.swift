/// Parses the Prometheus text format 0.0.4 according to its documentation, independently of the code that writes it,
/// and rejects what a scraper would reject.
struct ExpositionParser {
    struct Sample: Hashable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Family {
        var type: String
        var help: String?
        var samples: [Sample] = []
    }

    struct Malformed: Error, CustomStringConvertible {
        var description: String
    }

    private(set) var families: [String: Family] = [:]
    private var current: String?
    private var pendingHelp: (name: String, text: String)?

    init(_ page: String) throws {
        guard page.hasSuffix("\n") else { throw Malformed(description: "the last line does not end") }
        for line in page.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("# HELP ") {
                let (name, text) = Self.split(line.dropFirst(7))
                pendingHelp = (name, try Self.unescaped(text[...], inQuotes: false))
            } else if line.hasPrefix("# TYPE ") {
                try beginFamily(line)
            } else {
                try readSample(line)
            }
        }
    }

    subscript(name: String) -> Family? { families[name] }

    /// The value of the only sample with these labels.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        families.values.flatMap(\.samples).first { $0.name == name && $0.labels == labels }?.value
    }

    private mutating func beginFamily(_ line: Substring) throws {
        let (name, type) = Self.split(line.dropFirst(7))
        guard families[name] == nil else { throw Malformed(description: "\(name) has two TYPE lines") }
        guard ["counter", "gauge", "histogram"].contains(type) else { throw Malformed(description: "type \(type)") }
        if let pendingHelp, pendingHelp.name != name { throw Malformed(description: "HELP without TYPE") }
        families[name] = Family(type: type, help: pendingHelp?.text)
        pendingHelp = nil
        current = name
    }

    private mutating func readSample(_ line: Substring) throws {
        let nameEnd = line.firstIndex { $0 == "{" || $0 == " " } ?? line.endIndex
        let name = String(line[..<nameEnd])
        guard Self.isMetricName(name) else { throw Malformed(description: "bad name in: \(line)") }
        var rest = line[nameEnd...]
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                guard let equals = rest.firstIndex(of: "="), rest[rest.index(after: equals)...].first == "\"" else {
                    throw Malformed(description: "bad label in: \(line)")
                }
                let label = String(rest[..<equals])
                guard Self.isMetricName(label), !label.contains(":"), !label.hasPrefix("__"), labels[label] == nil
                else { throw Malformed(description: "bad label \(label) in: \(line)") }
                rest = rest[equals...].dropFirst(2)
                let end = try Self.endOfQuoted(rest)
                labels[label] = try Self.unescaped(rest[..<end], inQuotes: true)
                rest = rest[end...].dropFirst()
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " ", let value = Self.number(rest.dropFirst()) else {
            throw Malformed(description: "bad value in: \(line)")
        }
        guard let current, Self.belongs(name, to: current, type: families[current]?.type) else {
            throw Malformed(description: "\(name) stands outside its family")
        }
        let sample = Sample(name: name, labels: labels, value: value)
        if families[current]?.samples.contains(where: { $0.name == name && $0.labels == labels }) == true {
            throw Malformed(description: "twice: \(line)")
        }
        families[current]?.samples.append(sample)
    }

    private static func belongs(_ name: String, to family: String, type: String?) -> Bool {
        type == "histogram" ? ["_bucket", "_sum", "_count"].contains { name == family + $0 } : name == family
    }

    private static func split(_ text: Substring) -> (String, String) {
        let space = text.firstIndex(of: " ") ?? text.endIndex
        return (String(text[..<space]), String(text[space...].dropFirst()))
    }

    private static func isMetricName(_ name: String) -> Bool {
        guard let first = name.first, !(first.isNumber) else { return false }
        return name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
    }

    private static func number(_ text: Substring) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: text.contains(where: \.isLetter) && !text.contains("e") ? nil : Double(text)
        }
    }

    private static func endOfQuoted(_ text: Substring) throws -> Substring.Index {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == "\"" { return index }
            index = text.index(index, offsetBy: text[index] == "\\" ? 2 : 1)
        }
        throw Malformed(description: "no closing quote")
    }

    private static func unescaped(_ text: Substring, inQuotes: Bool) throws -> String {
        var result = ""
        var characters = text.makeIterator()
        while let character = characters.next() {
            guard character == "\\" else {
                result.append(character)
                continue
            }
            switch characters.next() {
            case "n": result.append("\n")
            case "\\": result.append("\\")
            case "\"" where inQuotes: result.append("\"")
            default: throw Malformed(description: "bad escape in: \(text)")
            }
        }
        return result
    }
}
