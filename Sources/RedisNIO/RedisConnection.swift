import ConnectionSupport
package import Logging
package import NIOCore

/// One connection to one Redis server. The link to a single server, or to the master that Sentinels name.
///
/// Bound to the event loop it was opened on. Can be used from anywhere; commands are written at once when called on
/// that event loop, otherwise after a hop to it. Whoever opens it must ``close()`` it.
package final class RedisConnection: Sendable {
    package let eventLoop: any EventLoop
    /// Completes when the connection has ended: with the reason, or with nil after an orderly close.
    package let closeFuture: EventLoopFuture<RedisError?>
    /// The server's address.
    let endpoint: RedisEndpoint
    private let handler: LoopConfined<RedisChannelHandler>
    /// Of pipelines that ask for it; nil if no replica is waited for.
    private let confirmation: NIOLoopBoundBox<ReplicaConfirmation?>

    /// Must be called on the event loop.
    init(handler: RedisChannelHandler, endpoint: RedisEndpoint, eventLoop: any EventLoop) {
        self.endpoint = endpoint
        self.eventLoop = eventLoop
        self.handler = LoopConfined(handler, on: eventLoop)
        confirmation = NIOLoopBoundBox(nil, eventLoop: eventLoop)
        closeFuture = handler.closeFuture
    }

    /// Opens a connection to a single server, authenticates, selects the database and loads the scripts.
    ///
    /// - Parameters:
    ///   - scripts: the scripts that pipelines will evaluate, with distinct names.
    ///   - eventLoop: from NIOPosix, such as those of `MultiThreadedEventLoopGroup`.
    /// - Throws: ``RedisError`` with `connectFailed`, `authenticationFailed`, `server`, `protocolViolation` or
    ///   `invalidConfiguration`.
    package static func connect(
        _ configuration: RedisConfiguration, scripts: [RedisScript] = [], on eventLoop: any EventLoop, logger: Logger
    ) async throws(RedisError) -> RedisConnection {
        let connector = try RedisConnector(configuration: configuration, scripts: scripts, logger: logger)
        guard case .single = configuration.deployment, let endpoint = configuration.endpoints.first else {
            throw RedisError(.invalidConfiguration, "one connection leads to a single server")
        }
        do {
            return try await connector.open(endpoint, on: eventLoop).get()
        } catch let error as RedisError {
            throw error
        } catch {
            throw RedisError(.connectFailed, "cannot connect to \(configuration.address)", underlying: error)
        }
    }

    /// Sends the commands in one write and returns one reply per command, in order.
    ///
    /// Error replies are returned like any other reply. The one exception is `NOSCRIPT`: the scripts are reloaded and
    /// the affected evaluations repeated, once, invisibly to the caller. They then run after the rest of the pipeline
    /// and after anything sent in the meantime.
    ///
    /// Any number of calls may be outstanding, within the configured limits. Cancelling the task has no effect: the
    /// commands are already sent, and the reply timeout bounds the wait.
    ///
    /// - Throws: ``RedisError`` with `notConnected`, `tooManyOutstanding` or `unknownScript` if nothing was sent; with
    ///   `timeout`, `connectionClosed` or `protocolViolation` if the commands may have run.
    package func send(_ pipeline: consuming RedisPipeline) async throws(RedisError) -> [RedisReply] {
        try await handler.replies(to: pipeline)
    }

    /// Like ``send(_:)``, for callers on the connection's event loop that are not tasks.
    ///
    /// Must be called on the event loop. The completion is called there too, possibly before this returns. Everything
    /// sent by the completions of one socket read goes out in one write.
    package func send(_ pipeline: consuming RedisPipeline, whenDone completion: @escaping RedisCompletion) {
        guard pipeline.isConfirmed, let confirmation = confirmation.value, let key = pipeline.confirmationKey else {
            return handler.value.send(pipeline, whenDone: completion)
        }
        handler.value.send(pipeline) { result in
            switch result {
            case .success(let replies): confirmation.confirm(replies, writing: key, completion)
            case .failure: completion(result)
            }
        }
    }

    /// From now on, waits for replicas where pipelines ask for it, over another connection to the same server. The two
    /// end together: what one server wrote, another cannot confirm. Must be called on the event loop.
    func confirm(over other: RedisConnection, replicas: Int) {
        confirmation.value = ReplicaConfirmation(over: other, replicas: replicas)
        other.closeFuture.whenComplete { _ in self.beginClosing() }
        closeFuture.whenComplete { _ in other.beginClosing() }
    }

    /// Keeps the other connection, on which replicas are waited for, from being idle. Must be called on the event loop.
    func pingConfirmation() {
        confirmation.value?.ping()
    }

    /// Fills in the hashes of a pipeline's scripts, as far as they are known. Must be called on the event loop.
    func fillIn(_ pipeline: inout RedisPipeline) {
        // One that is unknown is reported when the pipeline is sent.
        _ = pipeline.fillIn(from: handler.value.scripts)
    }

    /// Accepts no more commands, waits for the outstanding replies, and closes. Returns once the connection has ended.
    package func close() async {
        beginClosing()
        // This future cannot fail.
        _ = try? await closeFuture.get()
    }

    /// Starts an orderly ``close()`` without waiting for it.
    package func beginClosing() {
        handler.run { $0.drain() }
    }
}
