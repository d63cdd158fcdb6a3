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
