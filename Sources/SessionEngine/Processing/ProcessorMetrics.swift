import Metrics

/// The metrics of processing.
struct ProcessorMetrics: Sendable {
    /// Commands that were decided again after a conflicting write.
    let conflicts = Counter(label: "sojourn_conflicts_total")
    /// Commands that had been executed before and got their first result again.
    let duplicates = Counter(label: "sojourn_duplicates_total")
    let events = EventMetrics()
}
