import Glibc

/// The machine that a benchmark runs on.
package struct MachineDescription: Sendable, Equatable {
    package let processor: String
    /// That this process may use.
    package let cores: Int
    package let memoryBytes: Int
    package let system: String

    package init(processor: String, cores: Int, memoryBytes: Int, system: String) {
        self.processor = processor
        self.cores = cores
        self.memoryBytes = memoryBytes
        self.system = system
    }

    package static func current() -> MachineDescription {
        MachineDescription(
            processor: value(of: "model name", in: SmallFile.text("/proc/cpuinfo", maxBytes: 64 << 10))
                ?? "unknown processor",
            cores: max(
                1,
                value(of: "Cpus_allowed", in: SmallFile.text("/proc/self/status", maxBytes: 16 << 10)).map(cores) ?? 1),
            memoryBytes: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)),
            system: "Linux "
                + SmallFile.text("/proc/sys/kernel/osrelease", maxBytes: 256).prefix { !$0.isWhitespace })
    }

    /// The number of bits in a mask such as `ff,0000000f`: the cores that a process may use (proc(5), `Cpus_allowed`).
    static func cores(ofMask mask: String) -> Int {
        mask.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
    }

    /// The value of a line such as `model name : …`.
    static func value(of key: String, in text: String) -> String? {
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":"),
                line[..<colon].split(whereSeparator: \.isWhitespace).joined(separator: " ") == key
            else { continue }
            return String(line[line.index(after: colon)...].drop { $0.isWhitespace })
        }
        return nil
    }
}
