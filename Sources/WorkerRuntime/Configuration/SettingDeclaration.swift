/// The definition of one setting. Parsing, displaying, `--help` and the README's table are derived from it.
package struct SettingDeclaration: Sendable {
    /// How a value is written in the configuration file; everywhere else it is a text.
    enum Form: String {
        case text = "a text"
        case number = "a whole number, without quotes"
        case flag = "true or false, without quotes"
    }

    typealias Reader<Value> = @Sendable (ConfigurationSetting) throws(ConfigurationError) -> Value

    let form: Form

    /// Whether the value may contain a password or another secret, so that no error may quote it.
    package let isSecret: Bool

    /// The placeholder for the value in `--help`: `n`, `seconds`, `true|false`.
    package let valueName: String

    /// What the setting does and its bounds, in complete sentences.
    package let help: String

    /// The default, for people; `nil` if there is none.
    package let defaultText: String?

    /// Validates the text and stores the value in the configuration.
    let read: @Sendable (ConfigurationSetting, inout WorkerConfiguration) throws(ConfigurationError) -> Void

    /// The value in this configuration, without secrets. `nil` if it has none.
    let shown: @Sendable (WorkerConfiguration) -> String?

    /// - Parameters:
    ///   - field: where the value is stored.
    ///   - valueName: the placeholder for the value in `--help`.
    ///   - help: without the final full stop, so that bounds can be appended.
    ///   - standard: the default as `--help` states it; if omitted, as an untouched configuration shows it.
    ///   - reader: parses the text.
    ///   - shown: formats the value, without secrets.
    private init<Value>(
        _ field: any WritableKeyPath<WorkerConfiguration, Value> & Sendable, _ form: Form, valueName: String,
        help: String, standard: String? = nil, isSecret: Bool = false,
        reader: @escaping Reader<Value>, shown: @escaping @Sendable (Value) -> String?
    ) {
        self.form = form
        self.isSecret = isSecret
        self.valueName = valueName
        self.help = help + "."
        defaultText = standard ?? shown(WorkerConfiguration()[keyPath: field])
        read = { (setting, configuration) throws(ConfigurationError) in
            configuration[keyPath: field] = try reader(setting)
        }
        self.shown = { shown($0[keyPath: field]) }
    }
}

// MARK: - Kinds of settings

extension SettingDeclaration {
    static func number(
        _ field: any WritableKeyPath<WorkerConfiguration, Int> & Sendable, in bounds: ClosedRange<Int>,
        _ valueName: String, _ help: String, standard: String? = nil
    ) -> Self {
        Self(
            field, .number, valueName: valueName, help: "\(help), \(bounds.lowerBound) to \(bounds.upperBound)",
            standard: standard,
            reader: { (setting) throws(ConfigurationError) in try setting.integer(in: bounds) }, shown: { "\($0)" })
    }

    static func flag(_ field: any WritableKeyPath<WorkerConfiguration, Bool> & Sendable, _ help: String) -> Self {
        Self(
            field, .flag, valueName: "true|false", help: help,
            reader: { (setting) throws(ConfigurationError) in try setting.flag() }, shown: { "\($0)" })
    }

    static func choice<Choice: CaseIterable & RawRepresentable<String> & SendableMetatype>(
        _ field: any WritableKeyPath<WorkerConfiguration, Choice> & Sendable, _ help: String
    ) -> Self {
        Self(
            field, .text, valueName: Choice.allCases.map(\.rawValue).joined(separator: "|"), help: help,
            reader: { (setting) throws(ConfigurationError) in try setting.choice(of: Choice.self) },
            shown: { $0.rawValue })
    }

    static func path(
        _ field: any WritableKeyPath<WorkerConfiguration, String?> & Sendable, _ help: String, standard: String? = nil
    ) -> Self {
        Self(
            field, .text, valueName: "file", help: help, standard: standard,
            reader: { (setting) throws(ConfigurationError) in try setting.path() }, shown: { $0 })
    }

    static func text<Value>(
        _ field: any WritableKeyPath<WorkerConfiguration, Value> & Sendable, _ valueName: String, _ help: String,
        reader: @escaping Reader<Value>, shown: @escaping @Sendable (Value) -> String? = { "\($0)" }
    ) -> Self {
        Self(field, .text, valueName: valueName, help: help, reader: reader, shown: shown)
    }

    /// A text whose secrets `shown` removes.
    static func secret<Value>(
        _ field: any WritableKeyPath<WorkerConfiguration, Value> & Sendable, _ valueName: String, _ help: String,
        standard: String? = nil, reader: @escaping Reader<Value>, shown: @escaping @Sendable (Value) -> String?
    ) -> Self {
        Self(
            field, .text, valueName: valueName, help: help, standard: standard, isSecret: true, reader: reader,
            shown: shown)
    }
}
