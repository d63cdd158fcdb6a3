import Metrics

/// The metrics of the sweeps.
struct SweepMetrics: Sendable {
    /// Sessions whose deadline had passed.
    let reaped = Counter(label: "sojourn_deadlines_total")
    /// Events that another worker left behind.
    let relayed = Counter(label: "sojourn_relayed_events_total")
    /// Events that the broker confirmed, of these and of the sweeps' own.
    let published = Counter(label: "sojourn_events_published_total")
    /// Events that a consumer's full queue refused.
    let refused = RefusedMessage.Kind.event.counter
    /// Damaged events in outboxes, each counted once.
    let damaged = Counter(label: "sojourn_damaged_events_total")
    /// Sessions that ended because a mass revocation affected them or an ancestor.
    let revoked = Counter(label: "sojourn_mass_revoked_sessions_total")
    /// Mass revocations that have not been executed completely.
    let standing = Gauge(label: "sojourn_mass_revocations")
}
