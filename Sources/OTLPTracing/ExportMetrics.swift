import Metrics

/// What becomes of recorded spans.
struct ExportMetrics: Sendable {
    let exported = Counter(label: "sojourn_trace_spans_exported_total")
    /// The collector did not take them, for as long as they are kept.
    let undelivered = Self.dropped("undelivered")
    /// The collector refused the request.
    let refused = Self.dropped("refused")
    /// The collector took the request, but not these.
    let rejected = Self.dropped("rejected")
    private let failures = Dictionary(
        uniqueKeysWithValues: ExportFailure.Reason.allCases.map {
            ($0, Counter(label: "sojourn_trace_export_failures_total", dimensions: [("reason", $0.rawValue)]))
        })

    func failed(_ reason: ExportFailure.Reason) { failures[reason]?.increment() }

    private static func dropped(_ reason: String) -> Counter {
        Counter(label: "sojourn_trace_spans_dropped_total", dimensions: [("reason", reason)])
    }
}
