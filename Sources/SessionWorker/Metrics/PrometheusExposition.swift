/// The text format of Prometheus, version 0.0.4.
enum PrometheusExposition {
    /// What `/metrics` says it is.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The word of a TYPE line.
    enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram

        /// Every name that a family of this kind puts at the beginning of a line.
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
    /// The lines that introduce a family; HELP only where there is something to say.
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

/// As Go reads it: `+Inf`, `-Inf`, `NaN`, whole numbers without a fraction.
func prometheusText(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    // Above 2^53 a Double has no fraction anyway, and an exponent is shorter.
    if value == value.rounded(), value.magnitude < 9_007_199_254_740_992 { return String(Int64(value)) }
    return value.description
}
