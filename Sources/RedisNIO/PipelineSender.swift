import ConnectionSupport
import NIOCore

/// What sends pipelines on its event loop: a connection, or a client over whichever it has.
protocol PipelineSender: SendableMetatype {
    /// - Parameter completion: called once, on the event loop, possibly before this returns.
    func send(_ pipeline: consuming RedisPipeline, whenDone completion: @escaping RedisCompletion)
}

extension LoopConfined where Value: PipelineSender {
    /// Sends from anywhere, and waits for the replies.
    func replies(to pipeline: consuming RedisPipeline) async throws(RedisError) -> [RedisReply] {
        // Passed on without a second reference, so that script hashes are filled into the buffer in place, not into a copy.
        var unsent: RedisPipeline? = consume pipeline
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<[RedisReply], RedisError>, Never>) in
            guard let pipeline = unsent.take() else { preconditionFailure("a continuation's body runs once") }
            if eventLoop.inEventLoop {
                value.send(pipeline) { continuation.resume(returning: $0) }
            } else {
                eventLoop.execute { value.send(pipeline) { continuation.resume(returning: $0) } }
            }
        }
        return try result.get()
    }
}
