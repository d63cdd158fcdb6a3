package import ConnectionSupport
package import Logging
package import NIOCore
import ServiceLifecycle

package typealias RedisClientState = ClientState<RedisError>

/// A link to a deployment of Redis that is opened again whenever it ends.
///
/// After ``start()`` it connects in the background, and reconnects whenever the connection ends, with waits determined
/// by its ``Backoff``. It pings a connection that has been silent for a while. Failed attempts and lost connections are
/// logged in one line each, but for those that repeat the last one within seconds. While disconnected, sending fails at
/// once: nothing is queued here, and the caller decides what to do. Whoever starts a client must ``shutdown()`` it.
package final class RedisClient: Service {
    package let eventLoop: any EventLoop
    /// Whether pipelines that ask for it are confirmed by replicas.
    package let waitsForReplicas: Bool
    private let supervisor: LoopConfined<RedisSupervisor>

    /// - Parameters:
    ///   - scripts: loaded on every new connection; names must be distinct.
    ///   - probe: run on every new connection; the connection is rejected if the probe fails.
    ///   - eventLoop: from NIOPosix. Called on this event loop, ``send(_:)`` writes at once.
    ///   - onStateChange: called on the event loop at each change; must not block.
    /// - Throws: ``RedisError/Code/invalidConfiguration``.
    package convenience init(
        _ configuration: RedisConfiguration, scripts: [RedisScript] = [], probe: RedisProbe? = nil,
        on eventLoop: any EventLoop,
        backoff: Backoff = Backoff(), logger: Logger,
        onStateChange: @escaping @Sendable (RedisClientState) -> Void = { _ in }
    ) throws(RedisError) {
        let opener = try RedisLinkOpener(configuration, scripts: scripts, probe: probe, logger: logger)
        let supervisor = RedisSupervisor(
            address: configuration.address, eventLoop: eventLoop, backoff: backoff,
            pingInterval: configuration.pingInterval, generator: SystemRandomNumberGenerator(), logger: logger,
            onStateChange: onStateChange
        ) { opener.open(on: $0) }
        self.init(
            .makeBoxSendingValue(supervisor, eventLoop: eventLoop), on: eventLoop,
            waitsForReplicas: configuration.replicas > 0)
    }

    /// - Parameter supervisor: bound to the client's event loop.
    init(
        _ supervisor: NIOLoopBoundBox<RedisSupervisor>, on eventLoop: any EventLoop, waitsForReplicas: Bool = false
    ) {
        self.waitsForReplicas = waitsForReplicas
        self.supervisor = LoopConfined(supervisor, on: eventLoop)
        self.eventLoop = eventLoop
    }

    /// Starts connecting and returns. Further calls have no effect.
    package func start() {
        supervisor.run { $0.start() }
    }

    /// Sends over the current connection, like ``RedisConnection/send(_:)``.
    ///
    /// An error reply showing that the server is no longer the master (`READONLY`), or that a permission was revoked,
    /// is returned like any other reply; the client also reconnects.
    ///
    /// - Throws: ``RedisError`` with `notConnected`, at once, while there is no connection (its `underlying` is the
    ///   reason); otherwise whatever ``RedisConnection/send(_:)`` throws.
    package func send(_ pipeline: consuming RedisPipeline) async throws(RedisError) -> [RedisReply] {
        try await supervisor.replies(to: pipeline)
    }

    /// Like ``send(_:)``, for callers on the event loop that are not tasks. The completion is called on the event loop,
    /// possibly before this returns.
    package func send(_ pipeline: consuming RedisPipeline, whenDone completion: @escaping RedisCompletion) {
        supervisor.value.send(pipeline, whenDone: completion)
    }

    /// The servers that hold a part of the data each: all masters of a cluster, otherwise one.
    ///
    /// - Throws: ``RedisError`` with `notConnected`.
    package func masters() async throws(RedisError) -> [RedisEndpoint] {
        try await supervisor.answer { supervisor, answer in answer(supervisor.masters) }.get()
    }

    /// Sends to one of the ``masters()``, whatever keys the commands have. Nothing is redirected.
    ///
    /// - Throws: as ``send(_:)``; `notConnected` also if this server is not a master any more.
    package func send(
        _ pipeline: RedisPipeline, to master: RedisEndpoint
    ) async throws(RedisError) -> [RedisReply] {
        try await supervisor.answer { supervisor, answer in
            supervisor.send(pipeline, to: master) { answer($0) }
        }.get()
    }

    /// Drops the current connection and reconnects, because its server's replies make no sense. Has no effect while
    /// disconnected.
    package func abandonConnection(because reason: RedisError) async {
        await supervisor.answer { supervisor, answer in
            supervisor.abandonConnection(because: reason)
            answer(())
        }
    }

    /// The client's current state.
    package var state: RedisClientState {
        get async {
            await supervisor.answer { supervisor, answer in answer(supervisor.state) }
        }
    }

    /// Returns once there is a connection.
    ///
    /// - Throws: ``RedisError`` with `notConnected` after ``shutdown()``, or `cancelled` if the task is cancelled.
    package func waitUntilConnected() async throws(RedisError) {
        if Task.isCancelled { throw RedisError(.cancelled, "the wait for Redis was cancelled") }
        let (answers, answer) = AsyncStream.makeStream(of: Result<Void, RedisError>.self)
        supervisor.run { supervisor in
            let waiter = supervisor.whenConnected {
                answer.yield($0)
                answer.finish()
            }
            guard let waiter else { return }
            answer.onTermination = { _ in
                self.supervisor.run { $0.cancelWaiter(waiter) }
            }
        }
        // If the task is cancelled, the stream ends without an answer.
        for await answer in answers {
            return try answer.get()
        }
        throw RedisError(.cancelled, "the wait for Redis was cancelled")
    }

    /// Connects, keeps the connection, and returns after an orderly ``shutdown()`` once the service group shuts down or
    /// the task is cancelled.
    package func run() async {
        start()
        // Throws when the task is cancelled, which is an end like the other.
        try? await gracefulShutdown()
        await shutdown()
    }

    /// Stops connecting, or waits for the outstanding replies and closes. Returns once everything is closed; from then
    /// on every use fails with `notConnected`.
    package func shutdown() async {
        await supervisor.answer { supervisor, answer in supervisor.shutdown().whenComplete { _ in answer(()) } }
    }
}
