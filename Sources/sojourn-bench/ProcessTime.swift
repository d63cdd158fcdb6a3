import Glibc

/// How much CPU all threads of a process have spent so far, in seconds: its CPU-time clock (POSIX), to the nanosecond.
enum ProcessTime {
    struct NoSuchProcess: Error, CustomStringConvertible {
        let pid: Int32
        var description: String { "there is no process \(pid) here" }
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
