import Metrics

/// What processing counts.
struct ProcessorMetrics: Sendable {
    /// Commands that were decided again because somebody else wrote first.
    let conflicts = Counter(label: "sojourn_conflicts_total")
    /// Commands that had been carried out before and got their first result again.
    let duplicates = Counter(label: "sojourn_duplicates_total")
}
