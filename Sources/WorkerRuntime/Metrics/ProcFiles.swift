import Glibc

/// What Linux says about this process in `/proc/self` (proc(5)).
enum ProcFiles {
    /// The size of the address space, and of what is in memory, in bytes.
    static func memory() -> (virtualBytes: Double, residentBytes: Double)? {
        guard let fields = read("/proc/self/statm")?.split(separator: " "), fields.count > 1,
            let size = Double(fields[0]), let resident = Double(fields[1])
        else { return nil }
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        return (size * page, resident * page)
    }

    /// When the process started, in seconds since 1970.
    static func startTime() -> Double? {
        // The second field is the program's name in parentheses, and may contain anything; the start is the 22nd.
        guard let stat = read("/proc/self/stat"), let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[end...].split(separator: " ")
        guard fields.count > 20, let ticks = Double(fields[20]) else { return nil }
        return time(CLOCK_REALTIME) - time(CLOCK_BOOTTIME) + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// How many file descriptors are open, without the one for counting them.
    static func openDescriptors() -> Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // `.`, `..`, and the folder itself.
        return max(0, count - 3)
    }

    private static func time(_ clock: clockid_t) -> Double {
        var now = timespec()
        clock_gettime(clock, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }

    /// The first bytes of a file; these files are shorter.
    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
