package import Logging
package import NIOCore

/// A connection to Redis that comes back.
///
/// After ``start()`` it connects in the background, and again whenever the connection ends, waiting between attempts as
/// its ``Backoff`` says. A connection that nothing is heard on is asked whether it lives. Each failed attempt and each loss is one log line. While there is no connection, sending fails
/// at once: what to do then is the caller's decision, and no queue grows here. Whoever started it
/// must ``shutdown()`` it.
package final class RedisClient: Sendable {
    package let eventLoop: any EventLoop
    private let supervisor: NIOLoopBoundBox<RedisSupervisor>

    /// - Parameters:
    ///   - scripts: loaded whenever a connection opens; each has a name of its own.
    ///   - probe: asked whenever a connection opens; one that it finds something wrong with is not used.
    ///   - eventLoop: one of NIOPosix. On it, ``send(_:)`` writes at once.
    ///   - onStateChange: called on the event loop at each change, and must not block.
    /// - Throws: ``RedisError/Code/invalidConfiguration``.
    package convenience init(
        _ configuration: RedisConfiguration, scripts: [RedisScript] = [], probe: RedisProbe? = nil,
        on eventLoop: any EventLoop,
        backoff: Backoff = Backoff(), logger: Logger,
        onStateChange: @escaping @Sendable (RedisClientState) -> Void = { _ in }
    ) throws(RedisError) {
        let connector = try RedisConnector(
            configuration: configuration, scripts: scripts, probe: probe, logger: logger)
        let supervisor = RedisSupervisor(
            address: configuration.address, eventLoop: eventLoop, backoff: backoff,
            pingInterval: configuration.pingInterval, generator: SystemRandomNumberGenerator(), logger: logger,
            onStateChange: onStateChange
        ) { connector.open(on: $0) }
        self.init(.makeBoxSendingValue(supervisor, eventLoop: eventLoop), on: eventLoop)
    }

    /// - Parameter supervisor: bound to the event loop that the client is to use.
    init(_ supervisor: NIOLoopBoundBox<RedisSupervisor>, on eventLoop: any EventLoop) {
        self.supervisor = supervisor
        self.eventLoop = eventLoop
    }

    /// Begins connecting, and returns. Calling it again changes nothing.
    package func start() {
        onLoop { $0.start() }
    }

    /// Sends over the present connection, as ``RedisConnection/send(_:)`` does.
    ///
    /// A reply that says that the server is no longer the master (`READONLY`), or that a permission was taken away, is
    /// returned like any other, and a new connection is sought.
    ///
    /// - Throws: ``RedisError`` with `notConnected` at once while there is no connection, its `underlying` being the
    ///   reason; otherwise what ``RedisConnection/send(_:)`` throws.
    package func send(_ pipeline: consuming RedisPipeline) async throws(RedisError) -> [RedisReply] {
        // As in RedisConnection.send: handed on without a second reference.
        var unsent: RedisPipeline? = consume pipeline
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<[RedisReply], RedisError>, Never>) in
            guard let pipeline = unsent.take() else { preconditionFailure("a continuation's body runs once") }
            if eventLoop.inEventLoop {
                supervisor.value.send(pipeline) { continuation.resume(returning: $0) }
            } else {
                eventLoop.execute { self.supervisor.value.send(pipeline) { continuation.resume(returning: $0) } }
            }
        }
        return try result.get()
    }

    /// Like ``send(_:)``, for callers on the event loop that are not tasks. The completion is called there as well, and
    /// may be before this returns.
    package func send(_ pipeline: consuming RedisPipeline, whenDone completion: @escaping RedisCompletion) {
        supervisor.value.send(pipeline, whenDone: completion)
    }

    /// Gives up the present connection and seeks another: its server answers what makes no sense. Without a connection
    /// nothing happens.
    package func abandonConnection(because reason: RedisError) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            onLoop {
                $0.abandonConnection(because: reason)
                continuation.resume()
            }
        }
    }

    /// What the client is doing now.
    package var state: RedisClientState {
        get async {
            await withCheckedContinuation { continuation in
                onLoop { continuation.resume(returning: $0.state) }
            }
        }
    }

    /// Returns as soon as there is a connection.
    ///
    /// - Throws: ``RedisError`` with `notConnected` after ``shutdown()``, and with `cancelled` when the task is.
    package func waitUntilConnected() async throws(RedisError) {
        if Task.isCancelled { throw RedisError(.cancelled, "the wait for Redis was cancelled") }
        let (answers, answer) = AsyncStream.makeStream(of: Result<Void, RedisError>.self)
        onLoop { supervisor in
            let waiter = supervisor.whenConnected {
                answer.yield($0)
                answer.finish()
            }
            guard let waiter else { return }
            answer.onTermination = { _ in
                self.onLoop { $0.cancelWaiter(waiter) }
            }
        }
        // A cancelled task ends the stream without an answer.
        for await answer in answers {
            return try answer.get()
        }
        throw RedisError(.cancelled, "the wait for Redis was cancelled")
    }

    /// Connects, keeps the connection, and returns after an orderly ``shutdown()`` once the task is cancelled.
    package func run() async {
        start()
        // Nothing ever comes from this stream: only cancellation ends the loop.
        for await _ in AsyncStream(Never.self, { _ in }) {}
        await shutdown()
    }

    /// Gives up connecting, or waits for the outstanding replies and closes. Returns when nothing is left; afterwards
    /// every use fails with `notConnected`.
    package func shutdown() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            onLoop { $0.shutdown().whenComplete { _ in continuation.resume() } }
        }
    }

    private func onLoop(_ work: @escaping @Sendable (RedisSupervisor) -> Void) {
        if eventLoop.inEventLoop {
            work(supervisor.value)
        } else {
            eventLoop.execute { work(self.supervisor.value) }
        }
    }
}
