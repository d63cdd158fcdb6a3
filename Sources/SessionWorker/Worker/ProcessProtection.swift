import Glibc

/// Keeps the process's memory to itself, which holds keys, tokens and subjects: no dump of it is written, and what is
/// printed when it crashes says where, not what.
package enum ProcessProtection {
    private static let backtrace = "SWIFT_BACKTRACE"

    /// Begins the program again where its backtraces would show registers and the memory they point to.
    ///
    /// Swift's runtime reads `SWIFT_BACKTRACE` before the first line of a program, and has no other way to be told. So the
    /// process replaces itself, under the same id, with the variable set: to be called before there is anything to lose. Who has
    /// set `registers=` there has decided, and is left alone.
    package static func restartWithoutDumps() {
        let given = getenv(backtrace).map { String(cString: $0) }
        guard given?.contains("registers=") != true else { return }
        setenv(backtrace, given.map { "\($0),registers=none" } ?? "registers=none", 1)
        // By its own path where there is one, since the process is called by that.
        if let path = realpath("/proc/self/exe", nil) {
            execv(path, CommandLine.unsafeArgv)
            free(path)
        }
        execv("/proc/self/exe", CommandLine.unsafeArgv)
        // Without /proc there is no way to the program, so crashes are not told about at all.
        for crash in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV, SIGSYS] { signal(crash, SIG_DFL) }
    }

    /// Has no core be written; and where a program is fed with cores, for which a limit of 0 does not hold, have it
    /// hold no memory (core(5)).
    package static func forbidDumps() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        let filter = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC)
        guard filter >= 0 else { return }
        _ = [UInt8(ascii: "0")].withUnsafeBytes { write(filter, $0.baseAddress, $0.count) }
        close(filter)
    }
}
