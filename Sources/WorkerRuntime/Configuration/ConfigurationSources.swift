import Configuration
import FoundationEssentials

/// The sources of values, in order of precedence: command line, environment, file.
///
/// The layers are swift-configuration's providers, queried one after another instead of through a `ConfigReader`,
/// because a reader does not report which provider answered, and an error has to name the variable as the user wrote
/// it.
struct ConfigurationSources {
    private struct Layer {
        var provider: any ConfigProvider
        var name: @Sendable (ConfigurationVariable) -> String
    }

    private let layers: [Layer]

    /// - Parameters:
    ///   - commandLine: the given options; the argument parser has extracted them already.
    ///   - environment: the whole environment. Unknown names that begin with `SOJOURN_` are rejected:
    ///     `SOJOURN_CALERS_FILE` must not mean "any caller", nor `SOJOURN_REQUIRE_TSL` "no TLS".
    ///   - file: the path given with `--config`.
    init(
        commandLine: [ConfigurationVariable: String], environment: [String: String], file: String?
    ) async throws(ConfigurationError) {
        try EnvironmentNames.check(environment.keys)
        var options: [AbsoluteConfigKey: ConfigValue] = [:]
        for (variable, text) in commandLine {
            options[AbsoluteConfigKey([variable.fileKey])] = ConfigValue(
                .string(text), isSecret: variable.declaration.isSecret)
        }
        var layers = [
            Layer(provider: InMemoryProvider(name: "command line", values: options), name: { $0.optionName }),
            Layer(
                provider: EnvironmentVariablesProvider(environmentVariables: environment, secretsSpecifier: .all)
                    .prefixKeys(with: "sojourn"),
                name: { $0.environmentName }),
        ]
        if let file {
            layers.append(
                Layer(provider: try await Self.provider(ofFile: file), name: { "\($0.fileKey) in \(file)" }))
        }
        self.layers = layers
    }

    /// The variable's value with the highest precedence; nil if it was not given.
    ///
    /// An empty text counts as given, and therefore as invalid: `SOJOURN_CALLERS_FILE=$UNSET` must not mean "any
    /// caller".
    func setting(_ variable: ConfigurationVariable) throws(ConfigurationError) -> ConfigurationSetting? {
        for layer in layers {
            let found: LookupResult
            do {
                found = try layer.provider.value(forKey: AbsoluteConfigKey([variable.fileKey]), type: .string)
            } catch {
                throw ConfigurationError(
                    .invalidValue, layer.name(variable), "cannot be read", remedy: "it must be a text")
            }
            guard let value = found.value else { continue }
            guard case .string(let text) = value.content else {
                preconditionFailure("a provider returned something other than a text")
            }
            return ConfigurationSetting(variable: variable, name: layer.name(variable), text: text)
        }
        return nil
    }

    private static func provider(ofFile file: String) async throws(ConfigurationError) -> any ConfigProvider {
        let form = "it must be one JSON object such as {\"namespace\": \"sojourn\", \"prefetch\": 500}"
        guard !file.isEmpty else {
            throw ConfigurationError(.unreadableFile, "--config", "is empty", remedy: "it must be the path of a file")
        }
        do {
            // Passing the path through a reader avoids a dependency on swift-system only for its path type.
            let path = InMemoryProvider(values: ["filePath": ConfigValue(.string(file), isSecret: false)])
            return try await FileProvider<ConfigurationFile>(config: ConfigReader(provider: path))
        } catch let problem as ConfigurationFile.Problem {
            switch problem {
            case .notAnObject(let reason):
                throw ConfigurationError(
                    .unreadableFile, file, "is not a JSON object",
                    remedy: reason.map { "\($0); \(form)" } ?? form)
            case .unknownKey("dev"):
                throw ConfigurationError(
                    .unknownKey, "dev in \(file)", "is not possible",
                    remedy: "a temporary keyring can only be requested on the command line, with --dev")
            case .unknownKey(let key):
                throw .unknown(
                    "\(ConfigurationSetting.quoted(key)) in \(file)", "is not a known key", key,
                    among: ConfigurationVariable.allCases.map(\.fileKey))
            case .wrongForm(let variable):
                throw ConfigurationError(
                    .invalidValue, "\(variable.fileKey) in \(file)", "is not \(variable.declaration.form.rawValue)",
                    remedy: "it must be \(variable.declaration.form.rawValue); leave the key out for the default")
            }
        } catch {
            throw ConfigurationError(
                .unreadableFile, file, "cannot be read", remedy: "it must be a file that this user may read")
        }
    }
}
