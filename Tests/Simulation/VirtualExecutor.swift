/// Runs tasks of the product on the simulation's own thread. What they wait for happens in virtual time, and whoever has
/// it happen calls ``run()`` behind that: so a task goes on at a moment that the seed alone decides.
final class VirtualExecutor: TaskExecutor, @unchecked Sendable {
    // Unchecked, and right: a simulation is of one thread.
    private var jobs: [UnownedJob] = []
    private var isRunning = false

    func enqueue(_ job: consuming ExecutorJob) {
        jobs.append(UnownedJob(job))
    }

    /// Runs what can be run.
    func run() {
        guard !isRunning else { return }
        isRunning = true
        while !jobs.isEmpty {
            let ready = jobs
            jobs = []
            for job in ready { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
        isRunning = false
    }
}
