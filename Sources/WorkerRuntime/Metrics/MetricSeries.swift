import Metrics
import Synchronization

/// One line of the exposition, or one histogram. Metric handles write to it with atomics, without a lock.
///
/// Relaxed ordering throughout: the numbers are independent, and a page that is a microsecond old is just as useful.
protocol MetricSeries: AnyObject, Sendable {
    /// The lines of this series.
    func append(to page: inout String, name: String, labels: String)

    /// How many series Prometheus stores for it.
    var sampleCount: Int { get }
}

extension MetricSeries {
    var sampleCount: Int { 1 }
}

final class CounterSeries: MetricSeries, CounterHandler {
    private let value = Atomic<Int64>(0)

    /// Ignores negative amounts: a counter that falls looks like a restart to Prometheus.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        value.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() {
        value.store(0, ordering: .relaxed)
    }

    func append(to page: inout String, name: String, labels: String) {
        page.appendSample(name, labels: labels, value: String(value.load(ordering: .relaxed)))
    }
}

final class FloatingPointCounterSeries: MetricSeries, FloatingPointCounterHandler {
    private let value = AtomicNumber()

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        value.add(amount)
    }

    func reset() {
        value.set(0)
    }

    func append(to page: inout String, name: String, labels: String) {
        page.appendSample(name, labels: labels, value: prometheusText(value.current))
    }
}

/// A meter, or a non-aggregating recorder, which is the older swift-metrics name for the same.
final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
    private let value = AtomicNumber()

    func set(_ new: Int64) { value.set(Double(new)) }
    func set(_ new: Double) { value.set(new) }
    func increment(by amount: Double) { value.add(amount) }
    func decrement(by amount: Double) { value.add(-amount) }
    func record(_ new: Int64) { value.set(Double(new)) }
    func record(_ new: Double) { value.set(new) }

    func append(to page: inout String, name: String, labels: String) {
        page.appendSample(name, labels: labels, value: prometheusText(value.current))
    }
}
