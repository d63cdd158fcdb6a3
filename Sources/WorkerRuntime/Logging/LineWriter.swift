import Dispatch
import Glibc
import LogMetadata
import SessionEngine
import Synchronization

/// Writes whole lines to a file descriptor from a dedicated thread, so that logging never blocks, neither on a full
/// pipe nor on a disk.
///
/// Lines that do not fit into the buffer are dropped and counted; once there is room, a line reports how many were
/// dropped.
final class LineWriter: Sendable {
    /// In bytes: a few thousand lines, which is seconds of heavy logging.
    static let capacity = 1 << 20

    private let core: Core

    /// - Parameters:
    ///   - descriptor: owned by the caller, who must keep it open for as long as this object lives, unless a `flush`
    ///     succeeded.
    ///   - notice: makes the line that reports the number of dropped lines.
    init(descriptor: Int32, capacity: Int = LineWriter.capacity, notice: @escaping @Sendable (Int) -> [UInt8]) {
        core = Core(descriptor: descriptor, capacity: capacity, notice: notice)
        DedicatedThread.start { [core] in core.run() }
    }

    deinit {
        core.close()
    }

    /// Queues the line for writing; never blocks.
    func write(_ line: [UInt8]) {
        core.add(line)
    }

    /// Waits until everything is written, or until the limit.
    ///
    /// - Returns: whether everything was written.
    @discardableResult
    func flush(within limit: Duration) -> Bool {
        core.flush(within: limit)
    }
}

extension LineWriter {
    private final class Core: Sendable {
        private struct State {
            var buffer: [UInt8] = []
            var lost = 0
            /// Whether the thread is idle, waiting to be woken.
            var isAsleep = true
            var isClosed = false
            /// The number of threads waiting for everything to be written.
            var waiting = 0
        }

        private let descriptor: Int32
        private let capacity: Int
        private let notice: @Sendable (Int) -> [UInt8]
        private let state = Mutex(State())
        private let wake = DispatchSemaphore(value: 0)
        private let asleep = DispatchSemaphore(value: 0)

        init(descriptor: Int32, capacity: Int, notice: @escaping @Sendable (Int) -> [UInt8]) {
            self.descriptor = descriptor
            self.capacity = capacity
            self.notice = notice
        }

        func add(_ line: [UInt8]) {
            change { state in
                // After a dropped line nothing is queued until the gap has been reported, which keeps lines in order.
                if state.lost == 0, state.buffer.count + line.count <= capacity {
                    state.buffer += line
                } else {
                    state.lost += 1
                }
            }
        }

        func close() {
            change { $0.isClosed = true }
        }

        func flush(within limit: Duration) -> Bool {
            let isDone = state.withLock { state in
                if !state.isAsleep { state.waiting += 1 }
                return state.isAsleep
            }
            if isDone { return true }
            return asleep.wait(timeout: .now() + .milliseconds(Int(limit.wholeMilliseconds))) == .success
        }

        func run() {
            while true {
                wake.wait()
                while let (lines, lost) = take() {
                    guard put(lines, lost) else { break }
                }
                if sleep() { return }
            }
        }

        /// Changes the state, and wakes the thread to process it.
        private func change(_ body: (inout State) -> Void) {
            let wasAsleep = state.withLock { state in
                body(&state)
                defer { state.isAsleep = false }
                return state.isAsleep
            }
            if wasAsleep { wake.signal() }
        }

        /// Returns the queued lines, and how many were dropped after them. `nil` if there is nothing to write: what could not be
        /// written before the end is not reported after it, because the descriptor may be another file's by then.
        private func take() -> ([UInt8], lost: Int)? {
            state.withLock { state in
                guard !state.buffer.isEmpty || (state.lost > 0 && !state.isClosed) else { return nil }
                defer {
                    state.buffer = []
                    state.lost = 0
                }
                return (state.buffer, state.lost)
            }
        }

        /// - Returns: whether to continue.
        private func put(_ lines: [UInt8], _ lost: Int) -> Bool {
            let unwritten = write(lines).count { $0 == UInt8(ascii: "\n") }
            let missing = unwritten + lost
            guard missing > 0 else { return true }
            if unwritten == 0, write(notice(missing)).isEmpty { return true }
            state.withLock { $0.lost += missing }
            return false
        }

        /// - Returns: whether the writer is closed. Otherwise lines that arrived in the meantime have woken the thread
        ///   again, unless nothing can be written: then the next line does.
        private func sleep() -> Bool {
            state.withLock { state in
                state.isAsleep = state.buffer.isEmpty && !state.isClosed
                if !state.isAsleep, !state.isClosed { wake.signal() }
                for _ in 0..<state.waiting { asleep.signal() }
                state.waiting = 0
                return state.isClosed
            }
        }

        /// - Returns: the lines that could not be written, because the reader is gone or the disk is full.
        private func write(_ lines: [UInt8]) -> ArraySlice<UInt8> {
            var rest = lines[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    // Another process sharing the terminal may have made it non-blocking.
                    var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&request, 1, -1)
                } else if errno != EINTR {
                    return rest
                }
            }
            return rest
        }
    }
}
