package import Logging
package import NIOCore

/// One connection to one Redis server.
///
/// Bound to the event loop that it was opened on. It may be used from anywhere; on its own event loop commands are
/// written at once, from elsewhere after a hop. Whoever opened it must ``close()`` it.
package final class RedisConnection: Sendable {
    package let eventLoop: any EventLoop
    /// Completes when the connection has ended: with the reason, or with nil when it was closed in good order.
    package let closeFuture: EventLoopFuture<RedisError?>
    private let handler: NIOLoopBound<RedisChannelHandler>

    /// Must be called on the event loop.
    init(handler: RedisChannelHandler, eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
        closeFuture = handler.closeFuture
    }

    /// Opens a connection, signs in, chooses the database and loads the scripts.
    ///
    /// - Parameters:
    ///   - scripts: the scripts that pipelines will evaluate, each with a name of its own.
    ///   - eventLoop: one of NIOPosix, as `MultiThreadedEventLoopGroup` has.
    /// - Throws: ``RedisError`` with `connectFailed`, `authenticationFailed`, `server`, `protocolViolation` or
    ///   `invalidConfiguration`.
    package static func connect(
        _ configuration: RedisConfiguration, scripts: [RedisScript] = [], on eventLoop: any EventLoop, logger: Logger
    ) async throws(RedisError) -> RedisConnection {
        let connector = try RedisConnector(configuration: configuration, scripts: scripts, logger: logger)
        do {
            return try await connector.open(on: eventLoop).get()
        } catch let error as RedisError {
            throw error
        } catch {
            throw RedisError(.connectFailed, "cannot connect to \(configuration.address)", underlying: error)
        }
    }

    /// Sends the commands in one write and returns one reply to each, in their order.
    ///
    /// Error replies are among the replies. The one exception is `NOSCRIPT`: the scripts are loaded again and those
    /// evaluations repeated, once, unseen by the caller; they then run after the rest of the pipeline, and after what
    /// was sent since.
    ///
    /// Any number of calls may be outstanding, up to the configuration's bounds. Cancelling the task changes nothing: the
    /// commands are on their way, and the reply timeout bounds the wait.
    ///
    /// - Throws: ``RedisError`` with `notConnected`, `tooManyOutstanding` or `unknownScript` when nothing was sent; with
    ///   `timeout`, `connectionClosed` or `protocolViolation` when the commands may have run.
    package func send(_ pipeline: consuming RedisPipeline) async throws(RedisError) -> [RedisReply] {
        // Handed on without a second reference, so that the hashes of scripts are put into the buffer and not into a
        // copy of it.
        var unsent: RedisPipeline? = consume pipeline
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<[RedisReply], RedisError>, Never>) in
            guard let pipeline = unsent.take() else { preconditionFailure("a continuation's body runs once") }
            if eventLoop.inEventLoop {
                handler.value.send(pipeline) { continuation.resume(returning: $0) }
            } else {
                eventLoop.execute { self.handler.value.send(pipeline) { continuation.resume(returning: $0) } }
            }
        }
        return try result.get()
    }

    /// Like ``send(_:)``, for callers on the connection's event loop that are not tasks.
    ///
    /// Must be called on the event loop, where the completion is called as well, and may be before this returns. What is
    /// sent by completions of one read of the socket goes out in one write.
    package func send(_ pipeline: consuming RedisPipeline, whenDone completion: @escaping RedisCompletion) {
        handler.value.send(pipeline, whenDone: completion)
    }

    /// Takes no more commands, waits for the replies to those already sent, and closes. Returns when all is over.
    package func close() async {
        beginClosing()
        // The future cannot fail.
        _ = try? await closeFuture.get()
    }

    /// Begins what ``close()`` does, without waiting.
    package func beginClosing() {
        if eventLoop.inEventLoop {
            handler.value.drain()
        } else {
            eventLoop.execute { self.handler.value.drain() }
        }
    }
}
