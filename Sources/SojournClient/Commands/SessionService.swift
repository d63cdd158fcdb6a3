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
    /// - Returns: the result, JSON as `schemas/results/` describes it, whatever its status.
    /// - Throws: ``SojournError`` if there is none. `CancellationError` if the task was cancelled: nothing has been sent if it
    ///   was before the call; otherwise the command may have been carried out.
    func send(_ command: String, body: [UInt8], options: CommandOptions) async throws -> [UInt8]
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
