import Dispatch

/// Separate threads, because a simulation computes for a long time without waiting.
enum Threads {
    /// Runs `work` on each of `count` threads, and returns once all are done.
    static func run(_ count: Int, _ work: @escaping @Sendable () -> Void) {
        DispatchQueue.concurrentPerform(iterations: count) { _ in work() }
    }
}
