import Histogram

/// A measurement, formatted for a person.
struct Report {
    let text: String

    init(_ measured: ValidateLoad.Measured, elapsed: Duration, cpuSeconds: Double) {
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        let count = Double(measured.latencies.totalCount)
        func percentile(_ part: Double) -> Double { Double(measured.latencies.valueAtPercentile(part)) / 1e6 }
        text = """
            commands answered    \(Int(count)) in \(rounded(seconds)) s, \(measured.failures) of them wrongly
            per second           \(Int(count / seconds))
            worker CPU each      \(rounded(cpuSeconds / count * 1e6)) µs
            latency              p50 \(rounded(percentile(50))) ms, p99 \(rounded(percentile(99))) ms, \
            max \(rounded(percentile(100))) ms
            """
    }
}

/// Rounded to two decimal places; such a measurement is no more precise.
private func rounded(_ number: Double) -> Double {
    (number * 100).rounded() / 100
}
