import Logging
import ServiceLifecycle
import Synchronization

/// All lanes of a worker, once the start is known to be right. On SIGTERM they take no more commands and finish those
/// they have; what is not finished in time goes back to its queue.
final class LanesService: Service {
    private let lanes: [LaneSupervisor]
    private let prepare: @Sendable () async throws -> Void
    private let health: HealthState
    private let drainTime: DrainTime
    private let logger: Logger
    private let running = Atomic(true)

    /// - Parameter prepare: what has to be done before the lanes begin; what it throws ends the service.
    init(
        _ lanes: [LaneSupervisor], health: HealthState, drainTime: DrainTime, logger: Logger,
        prepare: @escaping @Sendable () async throws -> Void
    ) {
        self.lanes = lanes
        self.health = health
        self.drainTime = drainTime
        self.logger = logger
        self.prepare = prepare
    }

    /// Whether the lanes do their work, be it waiting for a server.
    var isRunning: Bool { running.load(ordering: .relaxed) }

    /// - Throws: what `prepare` throws.
    func run() async throws {
        defer { running.store(false, ordering: .relaxed) }
        do {
            try await cancelWhenGracefulShutdown { try await self.prepared() }
        } catch is CancellationError {
            // It was stopped before the lanes began.
            return beginDraining()
        }
        await runLanes()
    }

    /// Waits for it no longer once it is cancelled: what it is in the middle of may take long, and has no effect.
    private func prepared() async throws {
        let (outcomes, outcome) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
        let preparing = Task {
            do {
                try await prepare()
                outcome.yield(.success(()))
            } catch {
                outcome.yield(.failure(error))
            }
            outcome.finish()
        }
        try await withTaskCancellationHandler {
            for await result in outcomes { return try result.get() }
            throw CancellationError()
        } onCancel: {
            preparing.cancel()
        }
    }

    private enum Step {
        case ended
        case toldToStop
        case stopped
        case outOfTime
    }

    /// Runs the lanes until they end, or are cancelled because their time to drain is over.
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
                    logger.warning("not everything was finished in time: the rest goes back to its queues")
                    group.cancelAll()
                }
            }
        }
    }

    private func beginDraining() {
        health.beginDraining()
        logger.info(
            "the worker drains: it takes no more commands and finishes those it has",
            metadata: [LogKey.durationMs: "\(drainTime.whole.wholeMilliseconds)"])
    }
}
