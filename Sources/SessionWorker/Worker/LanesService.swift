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
        let preparing = Task { try await prepare() }
        let work = Task {
            try await Self.outcome(of: preparing)
            await withDiscardingTaskGroup { group in
                for lane in lanes { group.addTask { await lane.run() } }
            }
        }
        do {
            try await withTaskCancellationHandler {
                try await withGracefulShutdownHandler {
                    try await work.value
                } onGracefulShutdown: {
                    preparing.cancel()
                    Task { await self.drain(work) }
                }
            } onCancel: {
                preparing.cancel()
                work.cancel()
            }
        } catch is CancellationError {
            // It was stopped before the lanes began.
        }
    }

    /// Waits for it no longer once it is cancelled: what it is in the middle of may take long, and has no effect.
    private static func outcome(of preparing: Task<Void, any Error>) async throws {
        let (outcomes, outcome) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
        Task {
            outcome.yield(await preparing.result)
            outcome.finish()
        }
        try await withTaskCancellationHandler {
            for await result in outcomes { return try result.get() }
            throw CancellationError()
        } onCancel: {
            preparing.cancel()
        }
    }

    private func drain(_ work: Task<Void, any Error>) async {
        health.beginDraining()
        logger.info(
            "the worker drains: it takes no more commands and finishes those it has",
            metadata: [LogKey.durationMs: "\(drainTime.whole.wholeMilliseconds)"])
        let deadline = Task {
            try await Task.sleep(for: drainTime.lanes)
            logger.warning("not everything was finished in time: the rest goes back to its queues")
            work.cancel()
        }
        await withDiscardingTaskGroup { group in
            for lane in lanes { group.addTask { await lane.stop() } }
        }
        _ = await work.result
        deadline.cancel()
    }
}
