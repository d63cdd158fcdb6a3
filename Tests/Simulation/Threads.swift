import Dispatch

/// Separate threads, because a simulation computes for a long time without waiting.
enum Threads {
    /// Runs `work` on each of `count` threads, numbered from 0, and returns once all are done.
    static func run(_ count: Int, _ work: @escaping @Sendable (_ thread: Int) -> Void) {
        DispatchQueue.concurrentPerform(iterations: count) { work($0) }
    }
}
