package import ArgumentParser
package import WorkerRuntime

extension ArgumentHelp {
    /// What `--help` says of a setting: what its declaration does.
    package static func setting(_ variable: ConfigurationVariable) -> ArgumentHelp {
        let setting = variable.declaration
        var parts = [setting.help]
        if setting.isSecret {
            parts.append("An option shows in the process list: prefer \(variable.environmentName) for what is secret.")
        }
        parts.append("(default: \(setting.defaultText ?? "none"))")
        return ArgumentHelp("\(parts.joined(separator: " "))", valueName: setting.valueName)
    }

    /// What `--help` says of the option that names the configuration file.
    package static var configurationFile: ArgumentHelp {
        ArgumentHelp("Read this JSON file, weaker than environment and options.", valueName: "file")
    }
}
