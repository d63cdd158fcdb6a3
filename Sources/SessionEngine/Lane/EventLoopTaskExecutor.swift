import NIOCore

/// Keeps a task on an event loop even where no actor holds it there.
///
/// A continuation resumes on the generic executor before its task hops back to its actor (Swift 6.3), which for a lane
/// meant two changes of thread for each answer of a server. With this as its preference, the generic executor is the
/// lane's own event loop.
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
