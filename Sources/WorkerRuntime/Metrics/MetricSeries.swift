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

/// An aggregating recorder, or a timer, whose nanoseconds are converted to seconds.
final class HistogramSeries: MetricSeries, RecorderHandler, TimerHandler {
    private let bounds: [Double]
    /// One more than the bounds, for values above all of them. Not cumulative, so that recording touches only one.
    private let counts: [AtomicCount]
    private let sum = AtomicNumber()

    init(bounds: [Double]) {
        self.bounds = bounds
        self.counts = (0...bounds.count).map { _ in AtomicCount() }
    }

    func record(_ value: Int64) {
        record(Double(value))
    }

    func record(_ value: Double) {
        // A single NaN or infinity would corrupt the sum for the lifetime of the process.
        guard value.isFinite else { return }
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count].increment()
        sum.add(value)
    }

    func recordNanoseconds(_ duration: Int64) {
        record(Double(max(duration, 0)) / 1_000_000_000)
    }

    var sampleCount: Int { counts.count + 2 }

    func append(to page: inout String, name: String, labels: String) {
        let comma = labels.isEmpty ? "" : ","
        // The total is computed from the counts read here, so that it always equals the last bucket.
        var total: UInt64 = 0
        for (bound, count) in zip(bounds.map(prometheusText) + ["+Inf"], counts) {
            total += count.current
            page.appendSample("\(name)_bucket", labels: "\(labels)\(comma)le=\"\(bound)\"", value: String(total))
        }
        page.appendSample("\(name)_sum", labels: labels, value: prometheusText(sum.current))
        page.appendSample("\(name)_count", labels: labels, value: String(total))
    }
}

// MARK: Numbers

/// An atomic in a class, because atomics are noncopyable and cannot be array elements.
private final class AtomicCount: Sendable {
    private let value = Atomic<UInt64>(0)

    var current: UInt64 { value.load(ordering: .relaxed) }

    func increment() {
        value.wrappingAdd(1, ordering: .relaxed)
    }
}

/// A `Double` stored as its bits.
private final class AtomicNumber: Sendable {
    private let bits = Atomic<UInt64>(0)

    var current: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, current) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = current
        }
    }
}
