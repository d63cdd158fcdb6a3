import Metrics

/// What the sweeps count.
struct SweepMetrics: Sendable {
    /// Sessions whose deadline had come.
    let reaped = Counter(label: "sojourn_deadlines_total")
    /// Events that somebody else had left behind.
    let relayed = Counter(label: "sojourn_relayed_events_total")
}
