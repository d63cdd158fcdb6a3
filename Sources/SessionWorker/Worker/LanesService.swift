import Logging
import ServiceLifecycle
import Synchronization

/// All lanes of a worker. On SIGTERM they take no more commands and finish those they have; what is not finished in time
/// goes back to its queue.
final class LanesService: Service {
    private let lanes: [LaneSupervisor]
    private let health: HealthState
    private let drainSeconds: Int
    private let logger: Logger
    private let running = Atomic(true)

    init(_ lanes: [LaneSupervisor], health: HealthState, drainSeconds: Int, logger: Logger) {
        self.lanes = lanes
        self.health = health
        self.drainSeconds = drainSeconds
        self.logger = logger
    }

    /// Whether the lanes do their work, be it waiting for a server.
    var isRunning: Bool { running.load(ordering: .relaxed) }

    func run() async {
        let work = Task {
            await withDiscardingTaskGroup { group in
                for lane in lanes { group.addTask { await lane.run() } }
            }
        }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await work.value
            } onGracefulShutdown: {
                Task { await self.drain(work) }
            }
        } onCancel: {
            work.cancel()
        }
        running.store(false, ordering: .relaxed)
    }

    private func drain(_ work: Task<Void, Never>) async {
        health.beginDraining()
        logger.info(
            "the worker drains: it takes no more commands and finishes those it has",
            metadata: [LogKey.durationMs: "\(drainSeconds * 1000)"])
        let deadline = Task {
            try await Task.sleep(for: .seconds(drainSeconds))
            logger.warning("not everything was finished in time: the rest goes back to its queues")
            work.cancel()
        }
        await withDiscardingTaskGroup { group in
            for lane in lanes { group.addTask { await lane.stop() } }
        }
        await work.value
        deadline.cancel()
    }
}
