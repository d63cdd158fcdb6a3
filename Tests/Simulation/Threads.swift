import Dispatch

/// Threads of their own: a simulation is one long piece of work that waits for nothing.
enum Threads {
    /// Runs the same on so many threads, and returns once all are done.
    static func run(_ count: Int, _ work: @escaping @Sendable () -> Void) {
        DispatchQueue.concurrentPerform(iterations: count) { _ in work() }
    }
}
