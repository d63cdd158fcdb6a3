import Configuration
import SessionContract
import SessionCore

/// The file given with `--config`: one flat JSON object with the variables' names as keys.
///
/// A snapshot type of its own for `FileProvider`, because the library's `JSONSnapshot` reads but cannot check: it
/// skips null, turns nested objects into dotted keys, and does not say which keys there are, so that a misspelt one
/// would silently do nothing. Read as strictly as commands and policies are: a key that is there twice, a comma too many or
/// a number in quotes is a mistake that somebody made.
struct ConfigurationFile: FileConfigSnapshot {
    struct ParsingOptions: FileParsingOptions {
        static let `default` = ParsingOptions()
    }

    let providerName: String
    /// As text: one set of checks then serves all three places a value can come from.
    private let values: [String: String]

    init(data: RawSpan, providerName: String, parsingOptions: ParsingOptions) throws {
        self.providerName = providerName
        values = try Self.read(data.withUnsafeBytes { Array($0) })
    }

    private static func read(_ bytes: [UInt8]) throws(Problem) -> [String: String] {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONReader.read(bytes)
        } catch {
            throw .notAnObject(error.description)
        }
        guard case .object(let object) = value else { throw .notAnObject(nil) }
        var values: [String: String] = [:]
        // Sorted, so that of two mistakes it is always the same one that is reported.
        for (key, value) in object.members.sorted(by: { $0.key < $1.key }) {
            guard let variable = ConfigurationVariable(fileKey: key) else { throw .unknownKey(key) }
            values[key] = try text(of: value, for: variable)
        }
        return values
    }

    private static func text(of value: JSONValue, for variable: ConfigurationVariable) throws(Problem) -> String {
        switch (variable.declaration.form, value) {
        case (.text, .string(let text)): return text
        case (.number, .integer(let number)): return String(number)
        case (.flag, .bool(let flag)): return flag ? "true" : "false"
        case (.text, _), (.number, _), (.flag, _): throw .wrongForm(variable)
        }
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
        /// With what is wrong with it as JSON, if that is it.
        case notAnObject(String?)
        case unknownKey(String)
        case wrongForm(ConfigurationVariable)
    }
}
