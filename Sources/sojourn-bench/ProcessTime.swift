import Glibc

/// The CPU time that all threads of a process have used so far, in seconds: its POSIX CPU-time clock, which counts
/// nanoseconds.
enum ProcessTime {
    struct NoSuchProcess: Error, CustomStringConvertible {
        let pid: Int32
        var description: String { "there is no process \(pid) on this machine" }
    }

    static func of(_ pid: Int32) throws -> Double {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else {
            throw NoSuchProcess(pid: pid)
        }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
