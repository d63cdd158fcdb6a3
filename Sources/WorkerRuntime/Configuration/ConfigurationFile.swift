import Configuration
import SessionContract
import SessionCore

/// The file given with `--config`: one flat JSON object with the variables' names as keys.
///
/// A custom snapshot type for `FileProvider`, because the library's `JSONSnapshot` does not validate: it skips null,
/// turns nested objects into dotted keys, and does not list its keys, so a misspelt one would silently have no effect.
/// Parsed as strictly as commands and policies: a duplicate key, a trailing comma or a number in quotes is a mistake.
struct ConfigurationFile: FileConfigSnapshot {
    struct ParsingOptions: FileParsingOptions {
        static let `default` = ParsingOptions()
    }

    let providerName: String
    /// As texts, so that the same checks apply to all three sources.
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
        // Sorted, so that of two mistakes the same one is always reported.
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

    /// What is wrong with the file; the caller, which knows its path, reports it.
    enum Problem: Error, Hashable {
        /// With the JSON error, if that is what is wrong.
        case notAnObject(String?)
        case unknownKey(String)
        case wrongForm(ConfigurationVariable)
    }
}
