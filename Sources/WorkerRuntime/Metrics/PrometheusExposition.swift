/// The text format of Prometheus, version 0.0.4.
enum PrometheusExposition {
    /// The content type of `/metrics`.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The type in a TYPE line.
    enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram

        /// The label that samples of this kind use themselves.
        var reservedLabel: String? {
            switch self {
            case .counter, .gauge: nil
            case .histogram: "le"
            }
        }

        /// All sample names of a family of this kind.
        func sampleNames(_ name: String) -> [String] {
            switch self {
            case .counter, .gauge:
                [name]
            case .histogram:
                [name, "\(name)_bucket", "\(name)_sum", "\(name)_count"]
            }
        }
    }
}

extension String {
    /// The header lines of a family; HELP only if there is a help text.
    mutating func appendHeader(_ name: String, kind: PrometheusExposition.Kind, help: String?) {
        if let help {
            self += "# HELP \(name) \(MetricNaming.escapedHelp(help))\n"
        }
        self += "# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func appendSample(_ name: String, labels: String, value: String) {
        self += name
        if !labels.isEmpty {
            self += "{"
            self += labels
            self += "}"
        }
        self += " "
        self += value
        self += "\n"
    }
}

/// In the format that Go parses: `+Inf`, `-Inf`, `NaN`, whole numbers without a fraction.
func prometheusText(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    // Above 2^53 a Double has no fraction anyway, and an exponent is shorter.
    if value == value.rounded(), value.magnitude < 9_007_199_254_740_992 { return String(Int64(value)) }
    return value.description
}
