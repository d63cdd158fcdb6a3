package import Metrics
import Synchronization

/// The metrics of the process, behind swift-metrics, and their Prometheus page.
///
/// Names: characters other than letters, digits and `_` become `_`; a counter ends in `_total`, a timer in `_seconds`.
/// Counters remain counters, meters and non-aggregating recorders become gauges, timers and aggregating recorders
/// become histograms with the bounds of `HistogramBuckets`: seconds for timers and for recorders whose name ends in
/// `_seconds`, amounts for other recorders.
///
/// Creating a handle takes a lock and processes strings: create it once and keep it. Using one costs an atomic
/// addition.
package final class PrometheusMetrics: MetricsFactory, Sendable {
    /// Series beyond this limit are refused and counted on the page. Labels from a bounded set produce some hundreds;
    /// code that exceeds this has put an id into a label, and Prometheus would suffer before the worker does.
    package static let defaultMaximumSeries = 10_000

    private struct Series {
        let handler: any MetricSeries
        /// As given, for the status page.
        let labels: [(String, String)]
    }

    private struct Family {
        var kind: PrometheusExposition.Kind
        /// By serialized labels.
        var series: [String: Series] = [:]
    }

    private struct Registry {
        var families: [String: Family] = [:]
        /// The family that each sample name belongs to; a histogram has four.
        var owners: [String: String] = [:]
        var sampleCount = 0
    }

    private let help: [String: String]
    private let maximumSeries: Int
    private let registry = Mutex(Registry())
    private let updates = Mutex<[@Sendable () -> Void]>([])
    private let droppedForLimit = CounterSeries()
    private let droppedForConflict = CounterSeries()

    /// - Parameters:
    ///   - help: the HELP text by metric name, as given to swift-metrics.
    ///   - maximumSeries: see ``defaultMaximumSeries``.
    package init(help: [String: String] = [:], maximumSeries: Int = PrometheusMetrics.defaultMaximumSeries) {
        self.help = Dictionary(
            help.map { (MetricNaming.metricName($0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
        self.maximumSeries = maximumSeries
    }

    // MARK: The page

    /// Runs `update` before metrics are read.
    func beforeReading(_ update: @escaping @Sendable () -> Void) {
        updates.withLock { $0.append(update) }
    }

    /// Sets what is only read on demand.
    func update() {
        for update in updates.withLock({ $0 }) { update() }
    }

    /// All metrics, in the Prometheus text format 0.0.4.
    package func exposition() -> String {
        update()
        // Copied, so that creating a handle does not wait for the page.
        let families = registry.withLock { $0.families }
        var page = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            page.appendHeader(name, kind: family.kind, help: helpText(name))
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                series.handler.append(to: &page, name: name, labels: labels)
            }
        }
        page.appendHeader(
            Self.droppedName, kind: .counter,
            help: "Series refused: over the limit, or the name belongs to another kind of metric.")
        droppedForConflict.append(to: &page, name: Self.droppedName, labels: #"reason="conflict""#)
        droppedForLimit.append(to: &page, name: Self.droppedName, labels: #"reason="limit""#)
        return page
    }

    private static let droppedName = "sojourn_metrics_refused_series_total"

    /// Finds the help text under the name in code or on the page.
    private func helpText(_ name: String) -> String? {
        for suffix in ["", "_total", "_seconds"] where name.hasSuffix(suffix) {
            if let text = help[String(name.dropLast(suffix.count))] { return text }
        }
        return nil
    }

    // MARK: Reading

    /// The values of a counter or gauge, each with its labels; empty if there is none of that name.
    func values(of name: String) -> [(labels: [String: String], value: Double)] {
        series(of: name).compactMap { series in
            guard let value = series.handler.value else { return nil }
            return (Dictionary(series.labels, uniquingKeysWith: { first, _ in first }), value)
        }
    }

    /// The counts of a histogram's buckets, of all its series together; not cumulative, and one more than the bounds.
    /// `nil` if there is none of that name.
    func bucketCounts(of name: String) -> [UInt64]? {
        series(of: name).compactMap { ($0.handler as? HistogramSeries)?.bucketCounts }
            .reduce(nil) { sum, counts in sum.map { zip($0, counts).map(+) } ?? counts }
    }

    private func series(of name: String) -> [Series] {
        registry.withLock { $0.families[name].map { Array($0.series.values) } ?? [] }
    }

    // MARK: Making series

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let name = MetricNaming.metricName(label, suffix: "_total")
        return series(name, .counter, dimensions, CounterSeries.init)
            ?? NOOPMetricsHandler.instance
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        let name = MetricNaming.metricName(label, suffix: "_total")
        return series(name, .counter, dimensions, FloatingPointCounterSeries.init)
            ?? DroppedFloatingPointCounter.shared
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(MetricNaming.metricName(label), .gauge, dimensions, GaugeSeries.init)
            ?? NOOPMetricsHandler.instance
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        let name = MetricNaming.metricName(label)
        guard aggregate else {
            return series(name, .gauge, dimensions, GaugeSeries.init)
                ?? NOOPMetricsHandler.instance
        }
        return series(name, .histogram, dimensions) {
            HistogramSeries(bounds: HistogramBuckets.forRecorder(named: name))
        }
            ?? NOOPMetricsHandler.instance
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = MetricNaming.metricName(label, suffix: "_seconds")
        return series(name, .histogram, dimensions) { HistogramSeries(bounds: HistogramBuckets.seconds) }
            ?? NOOPMetricsHandler.instance
    }

    /// The series with that name and those labels, shared by all who request it; nil if it is refused.
    private func series<Handler: MetricSeries>(
        _ name: String, _ kind: PrometheusExposition.Kind, _ dimensions: [(String, String)], _ make: () -> Handler
    ) -> Handler? {
        let labels = MetricNaming.labels(dimensions, reserved: kind.reservedLabel)
        return registry.withLock { registry -> Handler? in
            if let existing = registry.families[name]?.series[labels] {
                if let handler = existing.handler as? Handler { return handler }
                droppedForConflict.increment(by: 1)
                return nil
            }
            let names = kind.sampleNames(name)
            let isFree = names.allSatisfy { registry.owners[$0] == nil || registry.owners[$0] == name }
            let isOfKind = registry.families[name].map { $0.kind == kind } ?? (name != Self.droppedName)
            guard isFree, isOfKind else {
                droppedForConflict.increment(by: 1)
                return nil
            }
            let handler = make()
            guard registry.sampleCount + handler.sampleCount <= maximumSeries else {
                droppedForLimit.increment(by: 1)
                return nil
            }
            for name in names { registry.owners[name] = registry.owners[name] ?? names[0] }
            registry.families[name, default: Family(kind: kind)].series[labels] = Series(
                handler: handler, labels: dimensions)
            registry.sampleCount += handler.sampleCount
            return handler
        }
    }

    // MARK: Destroying series

    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    /// Handles with the same name and labels share a series, and destroying the first one removes it. Rare enough for a
    /// linear search.
    private func remove(_ handler: AnyObject) {
        registry.withLock { registry in
            for (name, family) in registry.families {
                guard let (labels, series) = family.series.first(where: { $0.value.handler === handler }) else {
                    continue
                }
                registry.families[name]?.series[labels] = nil
                registry.sampleCount -= series.handler.sampleCount
                if registry.families[name]?.series.isEmpty == true {
                    registry.families[name] = nil
                    registry.owners = registry.owners.filter { $0.value != name }
                }
                return
            }
        }
    }
}

/// Ignores what a refused series would have counted; swift-metrics has no no-op handler for this kind.
private final class DroppedFloatingPointCounter: FloatingPointCounterHandler, Sendable {
    static let shared = DroppedFloatingPointCounter()

    func increment(by amount: Double) {}
    func reset() {}
}
