import ConnectionSupport
import LogMetadata
import Logging
import NIOCore

/// Turns pipelines into writes and reads into replies. Closes the connection when replies can no longer be matched to
/// commands.
///
/// Confined to its channel's event loop, so it needs no locks.
final class RedisChannelHandler: ChannelInboundHandler, PipelineSender {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// Not added to a channel pipeline yet.
        case detached
        case open(ChannelHandlerContext)
        /// Accepts no new commands, and closes after the last reply.
        case draining(ChannelHandlerContext)
        /// Closed, with the reason, or `nil` after an orderly close.
        case closed(RedisError?)
    }

    private let configuration: RedisConfiguration
    private let replyTimeout: TimeAmount
    private let logger: Logger
    private var state = State.detached
    private var parser: ReplyParser
    private var queue: ReplyQueue
    private var timer: Scheduled<Void>?
    private let closePromise: EventLoopPromise<RedisError?>
    /// True while replies are being delivered. Commands sent from completions are written at once but flushed only at
    /// the end, in one system call.
    private var isDelivering = false
    private var isFlushDue = false
    var scripts = ScriptCatalogue()

    init(configuration: RedisConfiguration, logger: Logger, eventLoop: any EventLoop) {
        self.configuration = configuration
        self.logger = logger
        replyTimeout = TimeAmount(configuration.replyTimeout)
        parser = ReplyParser(
            maximumReplyBytes: configuration.maximumReplyBytes, maximumReplyMemory: configuration.maximumReplyMemory)
        queue = ReplyQueue(maximumMemory: configuration.maximumPipelineMemory)
        closePromise = eventLoop.makePromise()
    }

    deinit {
        // Only a handler that was never added to a channel still has an open promise here.
        closePromise.succeed(nil)
    }

    /// Why the connection ended; nil after an orderly close.
    var closeFuture: EventLoopFuture<RedisError?> { closePromise.futureResult }

    // MARK: Sending

    func send(_ pipeline: consuming RedisPipeline, whenDone completion: @escaping RedisCompletion) {
        switch state {
        case .open(let context):
            guard pipeline.count > 0 else { return completion(.success([])) }
            if let error = limitError(of: pipeline.count, byteCount: pipeline.byteCount) {
                return completion(.failure(error))
            }
            if let unknown = pipeline.fillIn(from: scripts) { return completion(.failure(Self.unknown(unknown))) }
            write(pipeline, mayRepeat: !pipeline.scriptCalls.isEmpty, context, completion)
        case .detached, .draining:
            completion(.failure(RedisError(.notConnected, "the connection is closing")))
        case .closed(let reason):
            completion(.failure(RedisError(.notConnected, "the connection is closed", underlying: reason)))
        }
    }

    private func limitError(of count: Int, byteCount: Int) -> RedisError? {
        if queue.commandCount + count > configuration.maximumOutstandingCommands {
            return RedisError(.tooManyOutstanding, "\(queue.commandCount) commands are already awaiting replies")
        }
        if queue.byteCount + byteCount > configuration.maximumOutstandingBytes {
            return RedisError(.tooManyOutstanding, "\(queue.byteCount) bytes of commands are already awaiting replies")
        }
        return nil
    }

    private static func unknown(_ script: RedisScript) -> RedisError {
        RedisError(.unknownScript, "the connection was not opened with the script \(script.name)")
    }

    private func write(
        _ pipeline: consuming RedisPipeline, mayRepeat: Bool, _ context: ChannelHandlerContext,
        _ completion: @escaping RedisCompletion
    ) {
        let buffer = pipeline.buffer
        queue.append(
            ReplyQueue.Entry(
                count: pipeline.count, byteCount: buffer.readableBytes,
                deadline: context.eventLoop.now + replyTimeout, replyBudget: pipeline.replyBudget,
                repeatable: mayRepeat ? pipeline : nil, completion: completion))
        if timer == nil { armTimer(context) }
        context.write(wrapOutboundOut(buffer), promise: nil)
        if isDelivering {
            isFlushDue = true
        } else {
            context.flush()
        }
    }

    // MARK: Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .closed = state { return }
        var finished: [ReplyQueue.Finished] = []
        var violation: RedisError?
        do throws(RedisError) {
            try parser.parse(unwrapInboundIn(data)) { reply, size throws(RedisError) in
                if let pipeline = try queue.receive(reply, size) { finished.append(pipeline) }
            }
        } catch {
            violation = error
        }
        deliver(finished)
        if let violation { fail(violation) }
    }

    private func deliver(_ finished: [ReplyQueue.Finished]) {
        isDelivering = true
        for pipeline in finished {
            let lost = pipeline.commandsWithoutScript
            if lost.isEmpty {
                pipeline.entry.completion(.success(pipeline.replies))
            } else {
                repeatCommands(lost, of: pipeline)
            }
        }
        isDelivering = false
        switch state {
        case .open(let context):
            flushIfDue(context)
        case .draining(let context):
            flushIfDue(context)
            closeWhenDrained(context)
        case .detached, .closed:
            break
        }
    }

    private func flushIfDue(_ context: ChannelHandlerContext) {
        guard isFlushDue else { return }
        isFlushDue = false
        context.flush()
    }

    /// Reloads scripts that the server has lost and repeats the evaluations that needed them, in one write.
    ///
    /// Done only once: if a script vanishes again, the caller gets the server's error.
    private func repeatCommands(_ calls: [RedisPipeline.ScriptCall], of pipeline: ReplyQueue.Finished) {
        let completion = pipeline.entry.completion
        let context: ChannelHandlerContext
        switch state {
        case .open(let open), .draining(let open): context = open
        case .detached: preconditionFailure("replies cannot arrive without a channel")
        case .closed(let reason):
            let error = RedisError(.connectionClosed, "closed before scripts were reloaded", underlying: reason)
            return completion(.failure(error))
        }
        guard let sent = pipeline.entry.repeatable else { return completion(.success(pipeline.replies)) }
        let repetition = ScriptRepetition(of: calls, in: sent)
        logger.warning(
            "the Redis server lost scripts: reloading them",
            metadata: [LogKey.scripts: "\(repetition.scripts.map(\.name))"])
        write(repetition.pipeline, mayRepeat: false, context) { result in
            completion(result.map { repetition.merge($0, into: pipeline.replies) })
        }
    }

    // MARK: Deadlines

    /// One timer serves all pipelines. It is set for the oldest one and, if that was answered before the timer fires,
    /// rescheduled. A timer per pipeline would cost more than the pipeline.
    private func armTimer(_ context: ChannelHandlerContext) {
        guard let deadline = queue.firstDeadline else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.timerFired(context) }
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        timer = nil
        if let deadline = queue.firstDeadline, deadline <= context.eventLoop.now {
            fail(RedisError(.timeout, "no reply within \(configuration.replyTimeout)"))
        } else {
            armTimer(context)
        }
    }

    // MARK: Closing

    /// Waits for the outstanding replies, then closes.
    func drain() {
        switch state {
        case .open(let context):
            state = .draining(context)
            closeWhenDrained(context)
        case .detached, .draining, .closed:
            break
        }
    }

    private func closeWhenDrained(_ context: ChannelHandlerContext) {
        if queue.isEmpty { context.close(promise: nil) }
    }

    /// Closes the connection with this reason, unless it is closed already.
    func fail(_ error: RedisError) {
        switch state {
        case .open(let context), .draining(let context):
            end(error)
            context.close(promise: nil)
        case .detached, .closed:
            break
        }
    }

    private func end(_ reason: RedisError?) {
        state = .closed(reason)
        timer?.cancel()
        timer = nil
        let error = reason ?? RedisError(.connectionClosed, "the connection was closed")
        for completion in queue.removeAll() {
            completion(.failure(error))
        }
        closePromise.succeed(reason)
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        state = .open(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        channelEnded()
    }

    func channelInactive(context: ChannelHandlerContext) {
        channelEnded()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(RedisError(.connectionClosed, "the connection failed", underlying: error))
    }

    private func channelEnded() {
        switch state {
        case .open: end(RedisError(.connectionClosed, "the server closed the connection"))
        case .draining: end(queue.isEmpty ? nil : RedisError(.connectionClosed, "the server closed the connection"))
        case .detached, .closed: break
        }
    }
}
