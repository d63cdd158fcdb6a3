import NIOCore

/// What a client keeps open to its deployment: one connection, or one to each master.
///
/// Used on its event loop alone, but for ``closeFuture``.
protocol RedisLink: AnyObject, Sendable {
    /// Where it leads, for the log.
    var place: String { get }
    /// The servers that hold a part of the data each, at present.
    var masters: [RedisEndpoint] { get }
    /// Completes when the link has ended: with the reason, or with nil after an orderly close.
    var closeFuture: EventLoopFuture<RedisError?> { get }

    /// - Parameter completion: called once, on the event loop, possibly before this returns.
    func send(_ pipeline: consuming RedisPipeline, whenDone completion: @escaping RedisCompletion)

    /// Sends all commands to this master, whatever their keys.
    func send(
        _ pipeline: consuming RedisPipeline, to master: RedisEndpoint, whenDone completion: @escaping RedisCompletion)

    /// Asks for a sign of life every server that may have been silent.
    ///
    /// - Parameters:
    ///   - isSilent: whether no reply at all has arrived lately.
    ///   - completion: called once for each server asked. One that does not answer in time ends the link.
    func ping(isSilent: Bool, whenDone completion: @escaping RedisCompletion)

    /// Accepts no more commands, and closes after the outstanding replies.
    func beginClosing()
}

extension RedisConnection: RedisLink {
    var place: String { endpoint.description }
    var masters: [RedisEndpoint] { [endpoint] }

    func send(
        _ pipeline: consuming RedisPipeline, to master: RedisEndpoint, whenDone completion: @escaping RedisCompletion
    ) {
        guard master == endpoint else {
            return completion(.failure(RedisError(.notConnected, "\(master) is not the master any more")))
        }
        send(pipeline, whenDone: completion)
    }

    func ping(isSilent: Bool, whenDone completion: @escaping RedisCompletion) {
        pingConfirmation()
        guard isSilent else { return }
        var ping = RedisPipeline()
        ping.command("PING")
        send(ping, whenDone: completion)
    }
}
