/// Upper bounds of histogram buckets, rising; `+Inf` comes on its own. Fixed, so that every worker's histograms can be
/// added up and a dashboard outlives a release.
enum HistogramBuckets {
    /// For durations, from 100 µs (a validate that hits nothing slow) to 10 s (nobody waits any more).
    static let seconds: [Double] = [
        0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    /// For counts and sizes: batches, bytes, entries.
    static let amounts: [Double] = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000, 1_000_000,
    ]

    /// By the name, as Prometheus's own conventions put the unit there.
    static func forRecorder(named name: String) -> [Double] {
        name.hasSuffix("_seconds") ? seconds : amounts
    }
}
