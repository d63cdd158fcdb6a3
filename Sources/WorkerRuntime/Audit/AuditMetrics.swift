import Metrics
import Synchronization

/// What the audit log measures.
final class AuditMetrics: Sendable {
    private let written = Counter(label: "sojourn_audit_records_total")
    private let failures = Counter(label: "sojourn_audit_failures_total")
    private let waiting = Gauge(label: "sojourn_audit_waiting_records")
    private let seconds = Recorder(label: "sojourn_audit_write_seconds")
    private let count = Mutex(0)

    init() {
        waiting.record(0)
    }

    /// Records wait to be written.
    func waiting(_ records: Int) {
        change(by: records)
    }

    func wrote(_ records: Int) {
        guard records > 0 else { return }
        written.increment(by: records)
        change(by: -records)
    }

    /// Writing, or synchronising, has failed.
    func failed() { failures.increment() }

    func took(_ duration: Duration) { seconds.record(duration / .seconds(1)) }

    private func change(by number: Int) {
        count.withLock { count in
            count += number
            waiting.record(count)
        }
    }
}
