import Glibc

/// Writes a process's final message to standard error, without blocking on a reader that does not read.
package enum LastWords {
    /// How long to wait for a full pipe, in milliseconds.
    private static let patience: Int32 = 250

    /// Flushes the log as far as possible within a moment, then writes the sentence on a line of its own.
    ///
    /// - Parameter sentence: truncated to 4096 bytes, which any writable pipe accepts.
    package static func say(_ sentence: String) {
        WorkerLogHandler.flush()
        var request = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&request, 1, patience) > 0, request.revents & Int16(POLLOUT) != 0 else { return }
        let line = Array((sentence + "\n").utf8.prefix(Int(PIPE_BUF)))
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Ends the process at once, whatever its threads are doing.
    package static func end(_ status: Int32) -> Never {
        _exit(status)
    }
}
