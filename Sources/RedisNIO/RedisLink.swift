import NIOCore

/// What a client keeps open to its deployment: one connection, or one for each part of the data.
///
/// Used on its event loop alone, but for ``closeFuture``.
protocol RedisLink: AnyObject, Sendable {
    /// Where it leads, for the log.
    var place: String { get }
    /// Completes when the link has ended: with the reason, or with nil after an orderly close.
    var closeFuture: EventLoopFuture<RedisError?> { get }

    /// - Parameter completion: called once, on the event loop, possibly before this returns.
    func send(_ pipeline: consuming RedisPipeline, whenDone completion: @escaping RedisCompletion)

    /// Accepts no more commands, and closes after the outstanding replies.
    func beginClosing()
}

extension RedisConnection: RedisLink {}
