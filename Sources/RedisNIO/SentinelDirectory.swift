import ConnectionSupport
import NIOCore

/// Asks Sentinels which server is the master, one after the other until one knows.
///
/// A Sentinel may be wrong, or lie: its answer is only an address to try, and the server there has to say itself that it
/// is the master.
struct SentinelDirectory: Sendable {
    struct Answer: Sendable {
        let master: RedisEndpoint
        /// Who said so.
        let sentinel: RedisEndpoint
    }

    /// Bound on an answer, in bytes: a name and a port.
    private static let maxAnswerBytes = 64 << 10

    let masterName: String
    private let connector: RedisConnector
    private let order: AskingOrder

    /// - Parameter connector: of the master; Sentinels use its TLS settings.
    init(masterName: String, configuration: RedisConfiguration, connector: RedisConnector) {
        self.masterName = masterName
        var settings = configuration
        settings.username = configuration.sentinelUsername
        settings.password = configuration.sentinelPassword
        settings.database = 0
        settings.connectTimeout = configuration.askingTimeout
        settings.replyTimeout = configuration.askingTimeout
        settings.maximumReplyBytes = Self.maxAnswerBytes
        self.connector = connector.variant(settings)
        order = AskingOrder(configuration.endpoints)
    }

    /// - Returns: what the first Sentinel that knows the master says. The future only fails with a ``RedisError``:
    ///   `connectFailed` if no Sentinel answers; `authenticationFailed` if one refuses the credentials and no other
    ///   helps; `server` if no Sentinel that answers knows a master of this name.
    func find(on eventLoop: any EventLoop) -> EventLoopFuture<Answer> {
        ask(order.endpoints[...], on: eventLoop, failure: nil)
    }

    /// The server that this Sentinel named is not the master, or cannot be reached.
    func wasWrong(_ answer: Answer) {
        order.postpone(answer.sentinel)
    }

    private func ask(
        _ sentinels: ArraySlice<RedisEndpoint>, on eventLoop: any EventLoop, failure: RedisError?
    ) -> EventLoopFuture<Answer> {
        guard let sentinel = sentinels.first else {
            return eventLoop.makeFailedFuture(failure ?? RedisError(.connectFailed, "there is no Sentinel to ask"))
        }
        return ask(sentinel, on: eventLoop).flatMap { master in
            order.prefer(sentinel)
            return eventLoop.makeSucceededFuture(Answer(master: master, sentinel: sentinel))
        }.flatMapError { error in
            let failure = Self.moreTelling(failure, self.failure(of: sentinel, error))
            return ask(sentinels.dropFirst(), on: eventLoop, failure: failure)
        }
    }

    private func ask(_ sentinel: RedisEndpoint, on eventLoop: any EventLoop) -> EventLoopFuture<RedisEndpoint> {
        connector.open(sentinel, on: eventLoop).flatMap { connection in
            let promise = eventLoop.makePromise(of: RedisEndpoint.self)
            var pipeline = RedisPipeline()
            pipeline.command("SENTINEL", "get-master-addr-by-name", .string(masterName))
            connection.send(pipeline) { result in
                promise.completeWith(result.flatMap { master(in: $0, from: sentinel) }.mapError { $0 })
            }
            connection.beginClosing()
            return promise.futureResult
        }
    }

    private func master(in replies: [RedisReply], from sentinel: RedisEndpoint) -> Result<RedisEndpoint, RedisError> {
        guard let reply = replies.first, !reply.isNull else {
            return .failure(RedisError(.server, "the Sentinel \(sentinel) knows no master named \(masterName)"))
        }
        if let error = reply.serverError {
            return .failure(RedisError(.connectFailed, "the Sentinel \(sentinel) refused to answer: \(error.words)"))
        }
        guard let parts = reply.array, parts.count == 2, let host = parts[0].string, let port = parts[1].integer,
            let port = Int(exactly: port), let master = RedisEndpoint(announcedHost: host, port: port)
        else {
            return .failure(
                RedisError(.protocolViolation, "the Sentinel \(sentinel) did not answer with the address of a master"))
        }
        return .success(master)
    }

    private func failure(of sentinel: RedisEndpoint, _ error: any Error) -> RedisError {
        guard let error = error as? RedisError else {
            return RedisError(.connectFailed, "cannot ask the Sentinel \(sentinel)", underlying: error)
        }
        switch error.code {
        case .server, .authenticationFailed: return error
        case .connectFailed, .timeout, .connectionClosed, .protocolViolation, .invalidConfiguration, .notPermitted,
            .notConnected, .tooManyOutstanding, .unknownScript, .cancelled:
            let all = order.endpoints.map(\.description).sorted().joined(separator: ",")
            return RedisError(.connectFailed, "no Sentinel answers at \(all)", underlying: error)
        }
    }

    /// Of what two Sentinels said, that which an operator can do something about.
    private static func moreTelling(_ first: RedisError?, _ second: RedisError) -> RedisError {
        guard let first, first.code != .connectFailed else { return second }
        return first
    }
}
