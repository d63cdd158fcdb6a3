import Glibc
import Synchronization

/// Writes whole lines to a file descriptor, one `write` call each, so that lines of several threads never mix.
final class LineWriter: Sendable {
    /// How long a full pipe is waited for before the line is given up, in milliseconds. A log nobody reads must not
    /// stop the worker for good.
    private static let longestWait: Int32 = 1000

    private let descriptor: Int32
    /// Held across the call because a pipe may take only part of a long line, and the rest has to follow at once.
    private let turn = Mutex<Void>(())

    /// - Parameter descriptor: stays the caller's, and open for as long as this lives.
    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    func write(_ line: [UInt8]) {
        turn.withLock { _ in
            line.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    if count > 0 {
                        rest = rest.dropFirst(count)
                    } else if errno == EINTR {
                        continue
                    } else if errno == EAGAIN, isWritable() {
                        continue
                    } else {
                        return
                    }
                }
            }
        }
    }

    /// Whoever shares the terminal may have made it non-blocking.
    private func isWritable() -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&request, 1, Self.longestWait) > 0
    }
}
