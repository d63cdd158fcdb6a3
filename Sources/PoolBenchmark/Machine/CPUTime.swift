import Glibc

/// CPU time in seconds, counted by the kernel in nanoseconds.
package enum CPUTime {
    /// The kernel's own bound (proc(5), `pid_max`).
    private static let largestPid: Int32 = 1 << 22

    /// Of all threads of a process; nil if there is no such process on this machine.
    package static func of(process pid: Int32) -> Double? {
        // The id of a clock has three bits less than a pid, so a pid that cannot exist would be another's clock, or our own.
        guard (1...Self.largestPid).contains(pid) else { return nil }
        var clock = clockid_t()
        guard clock_getcpuclockid(pid, &clock) == 0 else { return nil }
        return seconds(of: clock)
    }

    /// The clock of the thread that calls this, which any thread of this process may read.
    static func clockOfThisThread() -> clockid_t? {
        var clock = clockid_t()
        return pthread_getcpuclockid(pthread_self(), &clock) == 0 ? clock : nil
    }

    static func seconds(of clock: clockid_t) -> Double? {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return nil }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
