import Glibc

/// Threads for work that must depend on nothing else: no event loop, no task, no pool whose threads may all be busy.
///
/// Foundation's `Thread` would do, but brings ICU and its data into a statically linked program, which is then four times as
/// large.
enum DedicatedThread {
    private final class Work {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// `EX_OSERR`: the system cannot start another thread.
    private static let refused: Int32 = 71

    /// Runs `work` on a thread that ends when it returns. Ends the process if the system refuses one: a worker without its
    /// watchdog or its log is none.
    static func start(_ work: @escaping @Sendable () -> Void) {
        let retained = Unmanaged.passRetained(Work(work))
        var thread = pthread_t()
        let error = pthread_create(
            &thread, nil,
            { work in
                guard let work else { return nil }
                Unmanaged<Work>.fromOpaque(work).takeRetainedValue().run()
                return nil
            }, retained.toOpaque())
        guard error == 0 else {
            // Not through the log, which may be what needs the thread.
            let sentence = "sojourn: the system refuses another thread (error \(error)): see ulimit -u\n"
            _ = Array(sentence.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            _exit(refused)
        }
        pthread_detach(thread)
    }
}
