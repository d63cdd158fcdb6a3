import NIOCore

/// Keeps a task on an event loop even between actor-isolated calls.
///
/// A continuation resumes on the generic executor before its task returns to its actor (Swift 6.3), which cost a lane
/// two thread switches per answer from a server. With this executor preference, the generic executor is the lane's own
/// event loop.
final class EventLoopTaskExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
