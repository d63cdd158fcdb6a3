import Metrics

/// How reading a watched file, or the output of a command, went.
struct WatchedMetrics: Sendable {
    private let isValid: Gauge
    private let applied: Counter
    private let refused: Counter

    /// - Parameter title: as in messages: `the policy file`.
    init(of title: String) {
        let dimension = ("source", title.hasPrefix("the ") ? String(title.dropFirst(4)) : title)
        isValid = Gauge(label: "sojourn_watched_source_valid", dimensions: [dimension])
        applied = Counter(label: "sojourn_watched_reloads_total", dimensions: [dimension, ("outcome", "applied")])
        refused = Counter(label: "sojourn_watched_reloads_total", dimensions: [dimension, ("outcome", "refused")])
        recordValid()
    }

    func recordValid() { isValid.record(1) }

    /// New content is in force.
    func recordApplied() {
        applied.increment()
        recordValid()
    }

    /// The source cannot be used; what is in force stays.
    func recordRefused() {
        refused.increment()
        isValid.record(0)
    }
}
