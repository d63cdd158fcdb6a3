import Metrics

/// What the sweeps count.
struct SweepMetrics: Sendable {
    /// Sessions whose deadline had come.
    let reaped = Counter(label: "sojourn_deadlines_total")
    /// Events that somebody else had left behind.
    let relayed = Counter(label: "sojourn_relayed_events_total")
    /// Events in outboxes that do not open, each once.
    let damaged = Counter(label: "sojourn_damaged_events_total")
    /// Sessions that ended because a mass revocation concerned them or one above them.
    let revoked = Counter(label: "sojourn_mass_revoked_sessions_total")
    /// Mass revocations that are not carried out to the end.
    let standing = Gauge(label: "sojourn_mass_revocations")
}
