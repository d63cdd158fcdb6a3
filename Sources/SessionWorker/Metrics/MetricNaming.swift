/// How names from code become names that Prometheus takes (its data model: `[a-zA-Z_:][a-zA-Z0-9_:]*` for metrics,
/// the same without colons for labels).
enum MetricNaming {
    /// `commands.done` becomes `commands_done`.
    static func metricName(_ label: String, suffix: String = "") -> String {
        // Colons are left to recording rules, as Prometheus asks.
        let name = sanitised(label)
        return name.hasSuffix(suffix) ? name : name + suffix
    }

    /// Names with two leading underscores are Prometheus's own, so one is all that stays.
    static func labelName(_ name: String) -> String {
        let clean = sanitised(name)
        guard clean.hasPrefix("__") else { return clean }
        return "_" + clean.drop { $0 == "_" }
    }

    /// The labels as they stand between the braces, `a="x",b="y"`, in the order of their names: dimensions in
    /// another order are the same series.
    ///
    /// - Parameter reserved: a label the metric's kind needs for itself, `le`; one's own gets the prefix that
    ///   Prometheus gives in such a clash, `exported_`.
    static func labels(_ dimensions: [(String, String)], reserved: String? = nil) -> String {
        var values: [String: String] = [:]
        for (dimension, value) in dimensions {
            let clean = labelName(dimension)
            let name = clean == reserved ? "exported_\(clean)" : clean
            // A name given twice would make the whole page unreadable; the first one counts.
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
