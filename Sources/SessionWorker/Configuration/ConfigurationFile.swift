import Configuration
import SessionContract
import SessionCore

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
        // As strict as with every other file: no trailing comma, no key twice, no number in quotes.
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONReader.read(data.withUnsafeBytes { Array($0) })
        } catch {
            throw Problem.notJSON(error.message)
        }
        guard case .object(let object) = value else { throw Problem.notAnObject }
        var values: [String: String] = [:]
        // Sorted, so that of two mistakes it is always the same one that is reported.
        for (key, value) in object.members.sorted(by: { $0.key < $1.key }) {
            guard let variable = ConfigurationVariable(rawValue: key) else { throw Problem.unknownKey(key) }
            switch (value, variable.form) {
            case (.string(let text), .text): values[key] = text
            case (.integer(let number), .number): values[key] = String(number)
            case (.null, _), (.bool, _), (.integer, _), (.decimal, _), (.string, _), (.array, _), (.object, _):
                throw Problem.wrongForm(key: key, variable.form)
            }
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
        case notJSON(String)
        case notAnObject
        case unknownKey(String)
        case wrongForm(key: String, ConfigurationVariable.Form)
    }
}
