import LogMetadata
import Logging
import ServiceLifecycle
import SessionEngine

/// Runs all lanes of a worker, once the start checks have passed. On SIGTERM they stop consuming and finish the
/// commands in flight; commands not finished in time return to their queues.
final class LanesService: Service {
    private let lanes: [LaneSupervisor]
    private let prepare: @Sendable () async throws -> Void
    private let health: HealthState
    private let drainTime: DrainTime
    private let logger: Logger
    private let liveness: Liveness

    /// - Parameter prepare: runs before the lanes start; an error it throws ends the service.
    init(
        _ lanes: [LaneSupervisor], health: HealthState, liveness: Liveness, drainTime: DrainTime, logger: Logger,
        prepare: @escaping @Sendable () async throws -> Void
    ) {
        self.lanes = lanes
        self.health = health
        self.liveness = liveness
        self.drainTime = drainTime
        self.logger = logger
        self.prepare = prepare
    }

    /// - Throws: the errors of `prepare`.
    func run() async throws {
        defer { liveness.lanesHaveEnded() }
        do {
            try await cancelWhenGracefulShutdown { try await self.prepare() }
        } catch is CancellationError {
            // Stopped before the lanes started.
            return beginDraining()
        }
        await runLanes()
    }

    private enum Step {
        case ended
        case toldToStop
        case stopped
        case outOfTime
    }

    /// Runs the lanes until they finish, or cancels them when the drain time is over.
    private func runLanes() async {
        await withTaskGroup(of: Step.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { group in
                    for lane in self.lanes { group.addTask { await lane.run() } }
                }
                return .ended
            }
            group.addTask { (try? await gracefulShutdown()) == nil ? .stopped : .toldToStop }
            for await step in group {
                switch step {
                case .ended:
                    group.cancelAll()
                case .toldToStop:
                    beginDraining()
                    group.addTask {
                        await withDiscardingTaskGroup { group in
                            for lane in self.lanes { group.addTask { await lane.stop() } }
                        }
                        return .stopped
                    }
                    group.addTask { [drainTime] in
                        (try? await Task.sleep(for: drainTime.lanes)) == nil ? .stopped : .outOfTime
                    }
                case .stopped:
                    break
                case .outOfTime:
                    logger.warning("drain time exceeded: unfinished commands return to their queues")
                    group.cancelAll()
                }
            }
        }
    }

    private func beginDraining() {
        health.beginDraining()
        logger.info(
            "draining: no longer consuming, finishing the commands in flight",
            metadata: [LogKey.durationMs: "\(drainTime.total.wholeMilliseconds)"])
    }
}
