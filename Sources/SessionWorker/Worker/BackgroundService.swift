import ServiceLifecycle

/// Something that runs beside the lanes until the worker stops.
struct BackgroundService: Service {
    let work: @Sendable () async -> Void

    init(_ work: @escaping @Sendable () async -> Void) {
        self.work = work
    }

    func run() async {
        await cancelWhenGracefulShutdown { await work() }
        // Work that has nothing to do is over early; the worker is not.
        try? await gracefulShutdown()
    }
}

/// Ends when the worker is told to stop, and the group with it.
struct StopService: Service {
    let stops: AsyncStream<Void>

    func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in stops { return }
        }
    }
}

/// A service whose failure ends the process, also where the others do not end.
struct EssentialService: Service {
    /// What the others have to end in, once one has failed.
    private static let patience: Duration = .seconds(5)

    let service: any Service
    let watchdog: Watchdog

    func run() async throws {
        do {
            try await service.run()
        } catch {
            watchdog.arm(
                Self.patience, Watchdog.Ending(status: WorkerExit.status(of: error), sentence: "\(error)"))
            throw error
        }
    }
}

/// What the process leaves behind, by `sysexits.h`.
package enum WorkerExit {
    /// `EX_CONFIG`: trying again without a change does not make sense.
    package static let configuration: Int32 = 78

    static func status(of error: any Error) -> Int32 {
        error is ConfigurationError ? configuration : 1
    }
}
