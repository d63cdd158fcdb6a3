import Glibc

/// What a process says at its end, on standard error, without waiting for anybody who does not read.
package enum LastWords {
    /// How long a full pipe is waited for, in milliseconds.
    private static let patience: Int32 = 250

    /// Writes out what was logged, as far as that goes within a moment, and then the sentence in a line of its own.
    ///
    /// - Parameter sentence: at most 4096 bytes of it, which is what a pipe that can be written to takes in any case.
    package static func say(_ sentence: String) {
        WorkerLogHandler.flush()
        var request = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&request, 1, patience) > 0, request.revents & Int16(POLLOUT) != 0 else { return }
        let line = Array((sentence + "\n").utf8.prefix(Int(PIPE_BUF)))
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Ends the process at once, whatever its threads are at.
    package static func end(_ status: Int32) -> Never {
        _exit(status)
    }
}
