import Configuration
import FoundationEssentials

/// The file given with `--config`: one flat JSON object with the variables' names as keys.
///
/// A snapshot type of its own for `FileProvider`, because the library's `JSONSnapshot` reads but cannot check: it
/// skips null, turns nested objects into dotted keys, and does not say which keys there are, so that a misspelt one
/// would silently do nothing.
struct ConfigurationFile: FileConfigSnapshot {
    struct ParsingOptions: FileParsingOptions {
        static let `default` = ParsingOptions()
    }

    let providerName: String
    private let values: [String: String]

    init(data: RawSpan, providerName: String, parsingOptions: ParsingOptions) throws {
        self.providerName = providerName
        let bytes = data.withUnsafeBytes { Data($0) }
        let entries: [String: Entry]
        do {
            entries = try JSONDecoder().decode([String: Entry].self, from: bytes)
        } catch {
            throw Problem.notAnObject
        }
        var values: [String: String] = [:]
        // Sorted, so that of two mistakes it is always the same one that is reported.
        for (key, entry) in entries.sorted(by: { $0.key < $1.key }) {
            guard ConfigurationVariable(rawValue: key) != nil else { throw Problem.unknownKey(key) }
            guard case .text(let text) = entry else { throw Problem.neitherTextNorNumber(key: key) }
            values[key] = text
        }
        self.values = values
    }

    func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
        let name = key.components.joined(separator: ".")
        return LookupResult(
            encodedKey: name, value: values[name].map { ConfigValue(.string($0), isSecret: true) })
    }

    var description: String { "\(providerName)[\(values.count) values]" }
    var debugDescription: String { description }

    /// What can be wrong with the file, to be told by whoever knows its path.
    enum Problem: Error, Hashable {
        case notAnObject
        case unknownKey(String)
        case neitherTextNorNumber(key: String)
    }

    /// Numbers are kept as text: one set of checks then serves all three places a value can come from.
    private enum Entry: Decodable {
        case text(String)
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let number = try? container.decode(Int.self) {
                self = .text(String(number))
            } else {
                self = .other
            }
        }
    }
}
