import ServiceLifecycle

/// Sojourn, as a service sees it: ``SessionClient`` reaches it through RabbitMQ.
///
/// A service that takes `some SessionService` can be tested without servers.
public protocol SessionService: Sendable {
    /// Sends a command and waits for its result. The typed functions, such as ``validate(_:context:require:touch:options:)``, are
    /// made of it; it is for commands of installations that are newer than this library.
    ///
    /// - Parameters:
    ///   - command: such as `session.create`.
    ///   - body: a JSON object, as `schemas/commands/` describes it.
    ///   - options: what applies to any command.
    /// - Returns: the result, JSON as `schemas/results/` describes it, whatever its status.
    /// - Throws: ``SojournError`` if there is none. `CancellationError` if the task was cancelled: nothing has been sent if it
    ///   was before the call; otherwise the command may have been carried out.
    func send(_ command: String, body: [UInt8], options: CommandOptions) async throws -> [UInt8]

    /// The events whose types match a pattern, from now on, or, with a durable queue, from where its last reader stopped.
    ///
    /// - Parameters:
    ///   - queue: where events wait until they are read.
    ///   - pattern: as in a topic binding: `*` matches one word, `#` any number. A durable queue also keeps what it was bound for
    ///     before.
    /// - Throws: ``SojournError``: `notConnected`, `noSuchNamespace`, `accessRefused`, `invalidConfiguration`.
    func events(_ queue: EventQueue, matching pattern: String) async throws -> SessionEvents
}

extension SessionService {
    /// All events, from now on, or, with a durable queue, from where its last reader stopped.
    public func events(_ queue: EventQueue = .temporary()) async throws -> SessionEvents {
        try await events(queue, matching: "#")
    }

    /// Calls `handle` with one event after the other, until the task is cancelled or its service group shuts down.
    ///
    /// An event is acknowledged once `handle` has returned. If it throws, so does this, and a durable queue delivers the event again.
    ///
    /// - Throws: what `handle` throws; ``SojournError`` as from ``events(_:matching:)`` and ``SessionEvents``.
    public func handleEvents(
        _ queue: EventQueue, matching pattern: String = "#", _ handle: (SessionEvent) async throws -> Void
    ) async throws {
        let iterator = try await events(queue, matching: pattern).makeAsyncIterator()
        while true {
            let event: SessionEvent?
            // Only the wait is cut short: what has begun to be handled is finished.
            do { event = try await cancelWhenGracefulShutdown { try await iterator.next() } } catch is CancellationError
            {
                return
            }
            guard let event else { return }
            try await handle(event)
        }
    }
}

/// What applies to any command.
public struct CommandOptions: Hashable, Sendable {
    /// The tenant; `default` if `nil`.
    public var tenant: String?
    /// The idempotency key, 1 to 128 bytes: the same command with the same id takes effect once, and gets the first result again.
    /// If `nil`, a random one. Give your own to repeat a command after a restart.
    public var id: String?
    /// From the call to its result, repetitions included; the service's own if `nil`. It travels with the command: a worker does
    /// not carry out a command whose time is up.
    public var timeout: Duration?

    public init(tenant: String? = nil, id: String? = nil, timeout: Duration? = nil) {
        self.tenant = tenant
        self.id = id
        self.timeout = timeout
    }
}
