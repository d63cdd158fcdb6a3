import ServiceLifecycle

/// A background task that runs alongside the lanes until the worker stops.
struct BackgroundService: Service {
    let work: @Sendable () async -> Void

    init(_ work: @escaping @Sendable () async -> Void) {
        self.work = work
    }

    func run() async {
        await cancelWhenGracefulShutdown { await work() }
        // The work may finish early; a service that returned early would stop the worker.
        try? await gracefulShutdown()
    }
}

/// Finishes when the worker is asked to stop, which shuts the group down.
struct StopService: Service {
    let stops: AsyncStream<Void>

    func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in stops { return }
        }
    }
}

/// A service whose failure is reported at once. Its group reports it only once the other services have stopped, which
/// may hang.
struct EssentialService: Service {
    let service: any Service
    let onFailure: @Sendable (any Error) -> Void

    func run() async throws {
        do {
            try await service.run()
        } catch {
            onFailure(error)
            throw error
        }
    }
}

/// Exit statuses, from `sysexits.h`.
package enum WorkerExit {
    /// `EX_CONFIG`: retrying without a change is pointless.
    package static let configuration: Int32 = 78

    static func status(of error: any Error) -> Int32 {
        error is ConfigurationError ? configuration : 1
    }
}
