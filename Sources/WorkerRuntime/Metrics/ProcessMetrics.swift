import Glibc
import Metrics
import SessionContract
import Synchronization

/// The process and its program, under the names that all Prometheus client libraries use.
final class ProcessMetrics: Sendable {
    private let cpu: FloatingPointCounter
    private let residentBytes: Gauge
    private let virtualBytes: Gauge
    private let openDescriptors: Gauge
    private let mostDescriptors: Gauge
    /// CPU time counted so far, in seconds.
    private let countedCPU = Mutex(0.0)

    init(factory: any MetricsFactory) {
        cpu = FloatingPointCounter(label: "process_cpu_seconds_total", factory: factory)
        residentBytes = Gauge(label: "process_resident_memory_bytes", factory: factory)
        virtualBytes = Gauge(label: "process_virtual_memory_bytes", factory: factory)
        openDescriptors = Gauge(label: "process_open_fds", factory: factory)
        mostDescriptors = Gauge(label: "process_max_fds", factory: factory)
        let build = [("version", SojournVersion.text)]
        Gauge(label: "sojourn_build_info", dimensions: build, factory: factory).record(1)
        if let start = ProcFiles.startTime() {
            Gauge(label: "process_start_time_seconds", factory: factory).record(start)
        }
        update()
    }

    /// Reads everything anew; called for each page.
    func update() {
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            let seconds = usage.ru_utime.seconds + usage.ru_stime.seconds
            countedCPU.withLock { counted in
                cpu.increment(by: seconds - counted)
                counted = max(counted, seconds)
            }
        }
        if let memory = ProcFiles.memory() {
            virtualBytes.record(memory.virtualBytes)
            residentBytes.record(memory.residentBytes)
        }
        if let count = ProcFiles.openDescriptors() { openDescriptors.record(count) }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            mostDescriptors.record(limit.rlim_cur == rlim_t.max ? .infinity : Double(limit.rlim_cur))
        }
    }
}

extension timeval {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1e6 }
}
