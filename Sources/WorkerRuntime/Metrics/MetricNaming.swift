/// Converts names from code to names that Prometheus accepts (its data model: `[a-zA-Z_:][a-zA-Z0-9_:]*` for metrics,
/// the same without colons for labels).
enum MetricNaming {
    /// `commands.done` becomes `commands_done`.
    static func metricName(_ label: String, suffix: String = "") -> String {
        // Colons are reserved for recording rules.
        let name = sanitised(label)
        return name.hasSuffix(suffix) ? name : name + suffix
    }

    /// Label names with two leading underscores are reserved by Prometheus, so only one is kept.
    static func labelName(_ name: String) -> String {
        let clean = sanitised(name)
        guard clean.hasPrefix("__") else { return clean }
        return "_" + clean.drop { $0 == "_" }
    }

    /// The labels as written between the braces, `a="x",b="y"`, sorted by name, because the same dimensions in another
    /// order are the same series.
    ///
    /// - Parameter reserved: a label that this kind of metric uses itself, such as `le`; a user label of that name gets
    ///   the prefix that Prometheus uses for such conflicts, `exported_`.
    static func labels(_ dimensions: [(String, String)], reserved: String? = nil) -> String {
        var values: [String: String] = [:]
        for (dimension, value) in dimensions {
            let clean = labelName(dimension)
            let name = clean == reserved ? "exported_\(clean)" : clean
            // A duplicate name would make the whole page unreadable; the first one wins.
            if values[name] == nil { values[name] = value }
        }
        return values.sorted { $0.key < $1.key }
            .map { "\($0.key)=\"\(escapedLabelValue($0.value))\"" }
            .joined(separator: ",")
    }

    static func escapedLabelValue(_ value: String) -> String {
        escaped(value, alsoQuotes: true)
    }

    static func escapedHelp(_ help: String) -> String {
        escaped(help, alsoQuotes: false)
    }

    private static func sanitised(_ text: String) -> String {
        var name = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_":
                name.unicodeScalars.append(scalar)
            case "0"..."9":
                if name.isEmpty { name = "_" }
                name.unicodeScalars.append(scalar)
            default:
                name += "_"
            }
        }
        return name.isEmpty ? "_" : name
    }

    private static func escaped(_ text: String, alsoQuotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\":
                result += "\\\\"
            case "\n":
                result += "\\n"
            case "\"" where alsoQuotes:
                result += "\\\""
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
