import ConnectionSupport
import LogMetadata
import Logging
import NIOCore

/// Keeps one link open: connects, and reconnects whenever the connection ends, backing off while that fails.
///
/// Confined to its event loop, so it needs no locks.
final class RedisSupervisor: PipelineSender {
    private typealias Life = ClientLife<any RedisLink, (Result<Void, RedisError>) -> Void, RedisError>

    private let eventLoop: any EventLoop
    private let address: String
    private let open: (any EventLoop) -> EventLoopFuture<any RedisLink>
    private let logger: Logger
    private let onStateChange: @Sendable (RedisClientState) -> Void
    private let pingInterval: TimeAmount
    private var life: Life
    /// The next attempt, while there is no connection.
    private var pause: Scheduled<Void>?
    /// The next liveness check of the current connection, and whether anything was received since the last one.
    private var look: Scheduled<Void>?
    private var wasHeardOf = false
    /// The attempt or connection still in progress, which ``shutdown()`` waits for.
    private var ending: EventLoopFuture<Void>

    init(
        address: String, eventLoop: any EventLoop, backoff: Backoff, pingInterval: Duration = .seconds(2),
        generator: any RandomNumberGenerator, logger: Logger,
        onStateChange: @escaping @Sendable (RedisClientState) -> Void,
        open: @escaping (any EventLoop) -> EventLoopFuture<any RedisLink>
    ) {
        self.address = address
        self.eventLoop = eventLoop
        life = ClientLife(backoff: backoff, generator: generator)
        self.pingInterval = TimeAmount(pingInterval)
        self.logger = logger
        self.onStateChange = onStateChange
        self.open = open
        ending = eventLoop.makeSucceededVoidFuture()
    }

    // MARK: Use

    var state: RedisClientState { life.state }

    func send(_ pipeline: consuming RedisPipeline, whenDone completion: @escaping RedisCompletion) {
        guard let connection = life.link else { return completion(.failure(notConnected)) }
        connection.send(pipeline) { result in
            completion(result)
            self.inspect(result, from: connection)
        }
    }

    /// The masters of the current link.
    var masters: Result<[RedisEndpoint], RedisError> {
        life.link.map { .success($0.masters) } ?? .failure(notConnected)
    }

    /// Sends to one of the ``masters``.
    func send(
        _ pipeline: consuming RedisPipeline, to master: RedisEndpoint, whenDone completion: @escaping RedisCompletion
    ) {
        guard let connection = life.link else { return completion(.failure(notConnected)) }
        connection.send(pipeline, to: master) { result in
            completion(result)
            self.inspect(result, from: connection)
        }
    }

    private var notConnected: RedisError {
        var reason = life.lastFailure
        if case .shutDown = life.phase { reason = RedisError(.notConnected, "the client was shut down") }
        return RedisError(.notConnected, "no connection to Redis at \(address)", underlying: reason)
    }

    /// After a fail-over, an existing connection may lead to a server that is now a replica; only a new connection
    /// finds the master. After a permission was revoked, a new connection's probe reports which.
    private func inspect(_ result: Result<[RedisReply], RedisError>, from connection: any RedisLink) {
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
        if let connection = life.link { giveUp(connection, because: reason) }
    }

    /// Record the reason first: an idle connection closes at once and reports only that it was closed.
    private func giveUp(_ connection: any RedisLink, because reason: RedisError) {
        lost(connection, reason)
        connection.beginClosing()
    }

    /// - Returns: a handle for ``cancelWaiter(_:)``, or nil if the completion was called at once.
    func whenConnected(_ completion: @escaping (Result<Void, RedisError>) -> Void) -> Int? {
        switch life.ask(completion, isPatient: true) {
        case .link: completion(.success(()))
        case .refused(.isShutDown): completion(.failure(notConnected))
        case .refused(.tooManyWaiters):
            completion(.failure(RedisError(.tooManyOutstanding, "too many callers wait for the connection already")))
        case .later(let waiter): return waiter
        }
        return nil
    }

    func cancelWaiter(_ waiter: Int) {
        life.cancel(waiter)?(.failure(RedisError(.cancelled, "the wait for Redis was cancelled")))
    }

    // MARK: Connecting

    func start() {
        if case .idle = life.phase { attempt() }
    }

    private func attempt() {
        guard life.beginAttempt() else { return }
        onStateChange(.connecting)
        // The observer may have shut down the client.
        guard case .connecting = life.phase else { return }
        let attempt = open(eventLoop)
        ending = attempt.map { _ in }.recover { _ in }
        attempt.assumeIsolated().whenComplete { self.attempted($0) }
    }

    private func attempted(_ result: Result<any RedisLink, any Error>) {
        switch result {
        case .success(let connection):
            guard let waiters = life.connected(connection, at: eventLoop.now) else { return connection.beginClosing() }
            connected(connection)
            for waiter in waiters { waiter(.success(())) }
        case .failure(let error):
            retryLater(
                because: error as? RedisError
                    ?? RedisError(.connectFailed, "cannot connect to \(address)", underlying: error))
        }
    }

    private func connected(_ connection: any RedisLink) {
        ending = connection.closeFuture.map { _ in }
        connection.closeFuture.assumeIsolated().whenSuccess { reason in
            self.lost(connection, reason ?? RedisError(.connectionClosed, "the connection was closed"))
        }
        wasHeardOf = true
        lookLater(at: connection)
        logger.info("connected to Redis", metadata: [LogKey.address: "\(connection.place)"])
        onStateChange(.connected)
    }

    /// Schedules a liveness check. A server that vanishes silently is only detected by the timeout of a reply, so one
    /// must be requested.
    private func lookLater(at connection: any RedisLink) {
        look = eventLoop.assumeIsolated().scheduleTask(in: pingInterval) { self.look(at: connection) }
    }

    private func look(at connection: any RedisLink) {
        guard isCurrent(connection) else { return }
        connection.ping(isSilent: !wasHeardOf) { self.inspect($0, from: connection) }
        wasHeardOf = false
        lookLater(at: connection)
    }

    private func isCurrent(_ connection: any RedisLink) -> Bool { life.link === connection }

    private func lost(_ connection: any RedisLink, _ reason: RedisError) {
        if isCurrent(connection) { retryLater(because: reason) }
    }

    private func retryLater(because reason: RedisError) {
        // All who wait here are patient.
        guard let loss = life.disconnected(because: reason, at: eventLoop.now) else { return }
        let wait = loss.nextAttempt
        look?.cancel()
        pause = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(wait)) { self.attempt() }
        if loss.isNews {
            logger.warning(
                "no connection to Redis",
                metadata: [
                    LogKey.address: "\(address)", LogKey.reason: "\(reason)",
                    LogKey.nextAttemptMs: "\(wait.wholeMilliseconds)",
                ])
        }
        onStateChange(.disconnected(reason, nextAttempt: wait))
    }

    // MARK: Shutting down

    /// - Returns: completes when neither an attempt nor a connection is left.
    func shutdown() -> EventLoopFuture<Void> {
        if case .shutDown = life.phase { return ending }
        let connection = life.link
        let waiters = life.shutDown()
        look?.cancel()
        pause?.cancel()
        connection?.beginClosing()
        onStateChange(.shutDown)
        for waiter in waiters { waiter(.failure(notConnected)) }
        return ending
    }
}
