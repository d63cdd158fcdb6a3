import Glibc

/// Protects the process's memory, which contains keys, tokens and subjects: no core dump is written, and a crash report
/// shows locations but no values.
package enum ProcessProtection {
    private static let backtrace = "SWIFT_BACKTRACE"

    /// Restarts the program if its backtraces would show registers and the memory they point to.
    ///
    /// The Swift runtime reads `SWIFT_BACKTRACE` before the program's first line, and offers no other way to set it. So
    /// the process re-executes itself, with the same id, with the variable set: call it before there is any state to
    /// lose. If the operator has set `registers=` there, nothing changes.
    package static func restartWithoutDumps() {
        let given = getenv(backtrace).map { String(cString: $0) }
        guard given?.contains("registers=") != true else { return }
        setenv(backtrace, given.map { "\($0),registers=none" } ?? "registers=none", 1)
        // By its real path if possible, because that becomes the process's name.
        if let path = realpath("/proc/self/exe", nil) {
            execv(path, CommandLine.unsafeArgv)
            free(path)
        }
        execv("/proc/self/exe", CommandLine.unsafeArgv)
        // Without /proc the program cannot be re-executed, so crash reports are disabled entirely.
        for crash in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV, SIGSYS] { signal(crash, SIG_DFL) }
    }

    /// Disables core dumps. If cores are piped to a program, a limit of 0 does not apply, so they are also made to
    /// contain no memory (core(5)).
    package static func forbidDumps() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        let filter = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC)
        guard filter >= 0 else { return }
        _ = [UInt8(ascii: "0")].withUnsafeBytes { write(filter, $0.baseAddress, $0.count) }
        close(filter)
    }
}
