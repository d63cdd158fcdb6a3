package import ArgumentParser
package import WorkerRuntime

extension ArgumentHelp {
    /// The `--help` text of a setting, from its declaration.
    package static func setting(_ variable: ConfigurationVariable) -> ArgumentHelp {
        let setting = variable.declaration
        var parts = [setting.help]
        if setting.isSecret {
            parts.append("Options are visible in process lists: use \(variable.environmentName) for secrets.")
        }
        parts.append("(default: \(setting.defaultText ?? "none"))")
        return ArgumentHelp("\(parts.joined(separator: " "))", valueName: setting.valueName)
    }

    /// The `--help` text of the option that names the configuration file.
    package static var configurationFile: ArgumentHelp {
        ArgumentHelp("JSON file with settings. Options and the environment override it.", valueName: "file")
    }
}
