import ConnectionSupport
import Logging
import NIOCore

/// Keeps one connection open: connects, and reconnects whenever the connection ends, backing off while that fails.
///
/// Confined to its event loop, so it needs no locks.
final class RedisSupervisor {
    private enum Phase {
        case idle
        case connecting
        case connected(RedisConnection, since: NIODeadline)
        case waiting(Scheduled<Void>)
        case shutDown
    }

    private let eventLoop: any EventLoop
    private let address: String
    private let open: (any EventLoop) -> EventLoopFuture<RedisConnection>
    private let logger: Logger
    private let onStateChange: @Sendable (RedisClientState) -> Void
    private let pingInterval: TimeAmount
    private var backoff: Backoff
    private var generator: any RandomNumberGenerator
    private var phase = Phase.idle
    private(set) var state = RedisClientState.idle
    /// Why there is no connection; included in the errors of callers who need one.
    private var lastReason: RedisError?
    private var waiters: [Int: (Result<Void, RedisError>) -> Void] = [:]
    private var nextWaiter = 0
    /// The next liveness check of the current connection, and whether anything was received since the last one.
    private var look: Scheduled<Void>?
    private var wasHeardOf = false
    /// The attempt or connection still in progress, which ``shutdown()`` waits for.
    private var ending: EventLoopFuture<Void>

    init(
        address: String, eventLoop: any EventLoop, backoff: Backoff, pingInterval: Duration = .seconds(2),
        generator: any RandomNumberGenerator, logger: Logger,
        onStateChange: @escaping @Sendable (RedisClientState) -> Void,
        open: @escaping (any EventLoop) -> EventLoopFuture<RedisConnection>
    ) {
        self.address = address
        self.eventLoop = eventLoop
        self.backoff = backoff
        self.pingInterval = TimeAmount(pingInterval)
        self.generator = generator
        self.logger = logger
        self.onStateChange = onStateChange
        self.open = open
        ending = eventLoop.makeSucceededVoidFuture()
    }

    // MARK: Use

    func send(_ pipeline: consuming RedisPipeline, whenDone completion: @escaping RedisCompletion) {
        switch phase {
        case .connected(let connection, since: _):
            connection.send(pipeline) { result in
                completion(result)
                self.inspect(result, from: connection)
            }
        case .idle, .connecting, .waiting, .shutDown:
            completion(.failure(notConnected))
        }
    }

    private var notConnected: RedisError {
        RedisError(.notConnected, "no connection to Redis at \(address)", underlying: lastReason)
    }

    /// After a fail-over, an existing connection may lead to a server that is now a replica; only a new connection
    /// finds the master. After a permission was revoked, a new connection's probe reports which.
    private func inspect(_ result: Result<[RedisReply], RedisError>, from connection: RedisConnection) {
        guard case .success(let replies) = result else { return }
        wasHeardOf = true
        for reply in replies {
            guard case .error(let message) = reply else { continue }
            let error = RedisServerError(message: message)
            guard error.callsForReconnect, isCurrent(connection) else { continue }
            giveUp(connection, because: RedisError(.server, "the server replied \(error.words)"))
        }
    }

    func abandonConnection(because reason: RedisError) {
        guard case .connected(let connection, since: _) = phase else { return }
        giveUp(connection, because: reason)
    }

    /// Record the reason first: an idle connection closes at once and reports only that it was closed.
    private func giveUp(_ connection: RedisConnection, because reason: RedisError) {
        lost(connection, reason)
        connection.beginClosing()
    }

    /// - Returns: a handle for ``cancelWaiter(_:)``, or nil if the completion was called at once.
    func whenConnected(_ completion: @escaping (Result<Void, RedisError>) -> Void) -> Int? {
        switch phase {
        case .connected:
            completion(.success(()))
            return nil
        case .shutDown:
            completion(.failure(notConnected))
            return nil
        case .idle, .connecting, .waiting:
            nextWaiter += 1
            waiters[nextWaiter] = completion
            return nextWaiter
        }
    }

    func cancelWaiter(_ waiter: Int) {
        waiters.removeValue(forKey: waiter)?(.failure(RedisError(.cancelled, "the wait for Redis was cancelled")))
    }

    // MARK: Connecting

    func start() {
        switch phase {
        case .idle: attempt()
        case .connecting, .connected, .waiting, .shutDown: break
        }
    }

    private func attempt() {
        phase = .connecting
        change(to: .connecting)
        // The observer may have shut down the client.
        guard case .connecting = phase else { return }
        let attempt = open(eventLoop)
        ending = attempt.map { _ in }.recover { _ in }
        attempt.assumeIsolated().whenComplete { self.attempted($0) }
    }

    private func attempted(_ result: Result<RedisConnection, any Error>) {
        switch (phase, result) {
        case (.connecting, .success(let connection)):
            connected(connection)
        case (.connecting, .failure(let error)):
            retryLater(
                because: error as? RedisError
                    ?? RedisError(.connectFailed, "cannot connect to \(address)", underlying: error))
        case (.shutDown, .success(let connection)):
            connection.beginClosing()
        case (.shutDown, .failure):
            break
        case (.idle, _), (.connected, _), (.waiting, _):
            preconditionFailure("an attempt can only end while connecting or after shutdown")
        }
    }

    private func connected(_ connection: RedisConnection) {
        phase = .connected(connection, since: eventLoop.now)
        lastReason = nil
        ending = connection.closeFuture.map { _ in }
        connection.closeFuture.assumeIsolated().whenSuccess { reason in
            self.lost(connection, reason ?? RedisError(.connectionClosed, "the connection was closed"))
        }
        wasHeardOf = true
        lookLater(at: connection)
        logger.info("connected to Redis", metadata: [ConnectionLogKey.address: "\(address)"])
        change(to: .connected)
        finishWaiters(.success(()))
    }

    /// Schedules a liveness check. A server that vanishes silently is only detected by the timeout of a reply, so one
    /// must be requested.
    private func lookLater(at connection: RedisConnection) {
        look = eventLoop.assumeIsolated().scheduleTask(in: pingInterval) { self.look(at: connection) }
    }

    private func look(at connection: RedisConnection) {
        guard isCurrent(connection) else { return }
        if !wasHeardOf {
            var ping = RedisPipeline()
            ping.command("PING")
            connection.send(ping) { self.inspect($0, from: connection) }
        }
        wasHeardOf = false
        lookLater(at: connection)
    }

    private func isCurrent(_ connection: RedisConnection) -> Bool {
        if case .connected(let current, since: _) = phase { current === connection } else { false }
    }

    private func lost(_ connection: RedisConnection, _ reason: RedisError) {
        guard case .connected(let current, let since) = phase, current === connection else { return }
        // Only a connection that lasted counts as a success. If one is accepted and dropped over and over, the retries
        // must still back off.
        if eventLoop.now - since >= TimeAmount(backoff.maximum) { backoff.reset() }
        retryLater(because: reason)
    }

    private func retryLater(because reason: RedisError) {
        let wait = backoff.next(using: &generator)
        look?.cancel()
        lastReason = reason
        phase = .waiting(
            eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(wait)) {
                self.attempt()
            })
        logger.warning(
            "no connection to Redis",
            metadata: [
                ConnectionLogKey.address: "\(address)", ConnectionLogKey.reason: "\(reason)",
                ConnectionLogKey.nextAttemptMs: "\(Int(wait / .milliseconds(1)))",
            ])
        change(to: .disconnected(reason, nextAttempt: wait))
    }

    private func change(to state: RedisClientState) {
        self.state = state
        onStateChange(state)
    }

    private func finishWaiters(_ result: Result<Void, RedisError>) {
        let completions = waiters.values
        waiters = [:]
        for completion in completions {
            completion(result)
        }
    }

    // MARK: Shutting down

    /// - Returns: completes when neither an attempt nor a connection is left.
    func shutdown() -> EventLoopFuture<Void> {
        let before = phase
        phase = .shutDown
        look?.cancel()
        switch before {
        case .idle, .connecting: break
        case .connected(let connection, since: _): connection.beginClosing()
        case .waiting(let timer): timer.cancel()
        case .shutDown: return ending
        }
        lastReason = RedisError(.notConnected, "the client was shut down")
        change(to: .shutDown)
        finishWaiters(.failure(notConnected))
        return ending
    }
}
