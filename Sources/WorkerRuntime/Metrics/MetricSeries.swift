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

    /// The current value; `nil` for a histogram.
    var value: Double? { get }
}

extension MetricSeries {
    var sampleCount: Int { 1 }
}

final class CounterSeries: MetricSeries, CounterHandler {
    private let count = Atomic<Int64>(0)

    var value: Double? { Double(count.load(ordering: .relaxed)) }

    /// Ignores negative amounts: a counter that falls looks like a restart to Prometheus.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() {
        count.store(0, ordering: .relaxed)
    }

    func append(to page: inout String, name: String, labels: String) {
        page.appendSample(name, labels: labels, value: String(count.load(ordering: .relaxed)))
    }
}

final class FloatingPointCounterSeries: MetricSeries, FloatingPointCounterHandler {
    private let number = AtomicNumber()

    var value: Double? { number.current }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        number.add(amount)
    }

    func reset() {
        number.set(0)
    }

    func append(to page: inout String, name: String, labels: String) {
        page.appendSample(name, labels: labels, value: prometheusText(number.current))
    }
}

/// A meter, or a non-aggregating recorder, which is the older swift-metrics name for the same.
final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
    private let number = AtomicNumber()

    var value: Double? { number.current }

    func set(_ new: Int64) { number.set(Double(new)) }
    func set(_ new: Double) { number.set(new) }
    func increment(by amount: Double) { number.add(amount) }
    func decrement(by amount: Double) { number.add(-amount) }
    func record(_ new: Int64) { number.set(Double(new)) }
    func record(_ new: Double) { number.set(new) }

    func append(to page: inout String, name: String, labels: String) {
        page.appendSample(name, labels: labels, value: prometheusText(number.current))
    }
}
