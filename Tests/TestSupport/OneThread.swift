import Synchronization

/// Runs what is asynchronous on the calling thread alone. Otherwise the count would depend on which thread does what, and
/// callgrind crashes when libdispatch ends the main thread.
package final class OneThread: TaskExecutor {
    private let waiting = Mutex<[UnownedJob]>([])

    /// Returns once `work` has ended. It must wait for nothing outside its own task.
    package static func run(_ work: @escaping @Sendable () async throws -> Void) throws {
        let outcome = Mutex<Result<Void, any Error>?>(nil)
        let thread = OneThread()
        Task(executorPreference: thread) {
            do {
                try await work()
                outcome.withLock { $0 = .success(()) }
            } catch {
                outcome.withLock { $0 = .failure(error) }
            }
        }
        while let job = thread.waiting.withLock({ $0.popLast() }) {
            job.runSynchronously(on: thread.asUnownedTaskExecutor())
        }
        try outcome.withLock { $0 }?.get()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        waiting.withLock { $0.append(job) }
    }
}
