import Logging
import NIOCore
import Synchronization

/// A connection's end of the pipeline: bytes in, frames apart, channels served; frames of one turn gathered, one write
/// out.
///
/// Lives on its event loop and is touched nowhere else, so there are no locks. Callers' closures run here, after the
/// state they could change has been settled: they may call back in.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    let configuration: AMQPConfiguration
    let eventLoop: any EventLoop
    let logger: Logger
    let status = ConnectionStatus()
    /// Succeeds when channels may be opened.
    let established: EventLoopPromise<Void>
    /// Succeeds with the reason when the connection has ended, nil for our own `close()`.
    let closed: EventLoopPromise<AMQPError?>
    private let onBlocked: (@Sendable (_ reason: String?) -> Void)?
    /// When the handshake must be done.
    private let connectDeadline: NIODeadline

    private var state: ConnectionState
    private var decoder: FrameDecoder
    private var encoder: FrameEncoder
    private var outbound = OutboundBuffer()
    private var heartbeats = HeartbeatMonitor()
    var channels: [UInt16: ChannelCore] = [:]
    /// The channel number to try next: numbers just freed rest for a while, which makes traces easier to read.
    private var nextChannelID: UInt16 = 1
    private var channelMax: UInt16
    /// Consumers with deliveries to hand over.
    private var waitingConsumers: [Consumer] = []
    private var context: ChannelHandlerContext?
    private var isReading = false
    private var gate = ReadGate()
    private var isFlushScheduled = false
    /// When the broker stopped taking messages, if it has.
    private var blockedSince: NIODeadline?
    private var handshakeTimer: Scheduled<Void>?
    private var heartbeatTimer: Scheduled<Void>?
    private var closeTimer: Scheduled<Void>?

    init(
        configuration: AMQPConfiguration, eventLoop: any EventLoop, logger: Logger, connectDeadline: NIODeadline,
        onBlocked: (@Sendable (_ reason: String?) -> Void)?
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        self.connectDeadline = connectDeadline
        self.onBlocked = onBlocked
        established = eventLoop.makePromise()
        closed = eventLoop.makePromise()
        state = ConnectionState(configuration)
        decoder = FrameDecoder(frameMax: configuration.frameMax)
        // Before tune, nothing above the least frame-max may be sent (§4.2.3 with §1.4.2.6).
        encoder = FrameEncoder(frameMax: AMQPLimits.frameMin)
        channelMax = configuration.channelMax
    }

    // MARK: the pipeline's events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        perform(state.disconnected())
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        start()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        perform(state.disconnected())
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // TLS failures arrive here, and resets of the socket.
        if state.isHandshaking {
            let words = configuration.tls == nil ? "the connection broke during the handshake" : "TLS was not agreed on"
            fail(AMQPError(.connectFailed, "\(words) with \(configuration)", underlying: error))
        } else {
            fail(AMQPError(.connectionClosed, "the connection to \(configuration) broke", underlying: error))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !state.isClosed else { return }
        isReading = true
        heartbeats.didHear()
        decoder.append(unwrapInboundIn(data))
        do throws(AMQPError) {
            while !state.isClosed, let frame = try decoder.next() { try receive(frame) }
        } catch {
            fail(state.judged(error))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        handOverDeliveries()
        flush()
        context.fireChannelReadComplete()
    }

    // MARK: back pressure

    func read(context: ChannelHandlerContext) {
        if gate.mayRead() { context.read() }
    }

    /// Leaves what comes in the socket, or goes on taking it.
    func pauseReading(_ isPaused: Bool) {
        if gate.pause(isPaused) { context?.read() }
    }

    // MARK: sending

    /// Writes a method at the next flush.
    func send(_ method: ClientMethod, on channel: UInt16 = 0) throws(AMQPError) {
        try outbound.append { (buffer) throws(AMQPError) in
            try encoder.method(method, channel: channel, into: &buffer)
        }
        scheduleFlush()
    }

    /// Writes a message at the next flush.
    func publish(_ message: AMQPMessage, on channel: UInt16) throws(AMQPError) {
        try outbound.append { (buffer) throws(AMQPError) in
            try encoder.publish(message, channel: channel, into: &buffer)
        }
        scheduleFlush()
    }

    /// Writes a method of ours whose parts are known to fit.
    func sendKnown(_ method: ClientMethod, on channel: UInt16 = 0) {
        do throws(AMQPError) { try send(method, on: channel) } catch {
            preconditionFailure("a method without free parts did not encode: \(error)")
        }
    }

    /// Within a read, its end flushes; elsewhere the end of this turn does, so that all it writes goes in one go.
    private func scheduleFlush() {
        heartbeats.didSend()
        guard !isReading, !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.assumeIsolated().execute { [self] in
            isFlushScheduled = false
            flush()
        }
    }

    private func flush() {
        guard !outbound.isEmpty, let context else { return }
        context.writeAndFlush(wrapOutboundOut(outbound.bytes), promise: nil)
        outbound.clear()
    }

    // MARK: receiving

    private func receive(_ frame: InboundFrame) throws(AMQPError) {
        switch frame {
        case .heartbeat: return
        case .method(channel: 0, let method): try take(state.receive(method))
        case .method(let id, let method):
            // While we wait for close-ok, what the broker sent before it read our close is of no interest.
            guard !state.isClosing else { return }
            try channel(id).receive(method)
        case .header(let id, let properties, let bodySize):
            guard !state.isClosing else { return }
            try channel(id).receive(properties, bodySize: bodySize)
        case .body(let id, let fragment):
            guard !state.isClosing else { return }
            try channel(id).receive(fragment)
        }
    }

    private func channel(_ id: UInt16) throws(AMQPError) -> ChannelCore {
        guard state.isOpen, let channel = channels[id] else {
            throw AMQPError(.protocolViolation, "a frame came for channel \(id), which is not open")
        }
        return channel
    }

    private func setBlocked(_ reason: String?) {
        logger.warning("the broker \(reason == nil ? "takes messages again" : "has stopped taking messages")")
        status.isBlocked.store(reason != nil, ordering: .releasing)
        if reason != nil {
            blockedSince = blockedSince ?? eventLoop.now
        } else if let begin = blockedSince {
            blockedSince = nil
            for channel in channels.values { channel.alarmEnded(after: eventLoop.now - begin) }
        }
        onBlocked?(reason)
    }

    // MARK: deliveries

    /// Notes that a consumer has deliveries for the end of this read.
    func wait(_ consumer: Consumer) { waitingConsumers.append(consumer) }

    private func handOverDeliveries() {
        guard !waitingConsumers.isEmpty else { return }
        let consumers = waitingConsumers
        waitingConsumers.removeAll(keepingCapacity: true)
        for consumer in consumers { consumer.handOver() }
    }

    // MARK: channels

    /// A number for a new channel (1 to the maximum agreed on).
    func makeChannelID() throws(AMQPError) -> UInt16 {
        guard channels.count < Int(channelMax) else {
            throw AMQPError(.invalidState, "all \(channelMax) channels of the connection are in use")
        }
        while channels[nextChannelID] != nil { advanceChannelID() }
        defer { advanceChannelID() }
        return nextChannelID
    }

    private func advanceChannelID() { nextChannelID = nextChannelID >= channelMax ? 1 : nextChannelID + 1 }

    // MARK: the connection's life

    /// Why nothing can be done on this connection, or nil if it is open.
    var unusable: AMQPError? { state.unusable }

    private func start() {
        guard handshakeTimer == nil, state.isHandshaking else { return }
        handshakeTimer = eventLoop.assumeIsolated().scheduleTask(deadline: connectDeadline) { [self] in
            perform(state.handshakeTimedOut())
        }
        outbound.append { (buffer: inout ByteBuffer) in buffer.writeBytes(FrameEncoder.protocolHeader) }
        flush()
    }

    /// Begins an orderly close: `connection.close`, then `close-ok` or the limit on the wait.
    func close() { perform(state.close()) }

    /// Ends the connection because of an error.
    func fail(_ error: AMQPError) { perform(state.fail(error)) }

    private func perform(_ action: ConnectionState.Action) {
        do throws(AMQPError) { try take(action) } catch { fail(error) }
    }

    /// Does what the state says.
    ///
    /// - Throws: `invalidMessage` where a method of the handshake does not fit.
    private func take(_ action: ConnectionState.Action) throws(AMQPError) {
        switch action {
        case .nothing: return
        case .send(let method): try send(.connection(method))
        case .tune(let tuning, let methods):
            for method in methods { try send(.connection(method)) }
            channelMax = tuning.channelMax
            decoder.frameMax = tuning.frameMax
            encoder.frameMax = tuning.frameMax
            startHeartbeats(seconds: tuning.heartbeat)
        case .established:
            handshakeTimer?.cancel()
            status.isOpen.store(true, ordering: .releasing)
            established.succeed()
        case .setBlocked(let reason): setBlocked(reason)
        case .beginClosing: beginClosing()
        case .end(let end): finish(end)
        }
    }

    /// A broker under an alarm reads nothing of those who publish, their `connection.close` neither: hence the limit.
    private func beginClosing() {
        // Else the answer would stay in the socket with what is not read.
        pauseReading(false)
        status.isOpen.store(false, ordering: .releasing)
        sendKnown(.connection(.close(CloseReason(replyCode: 200, replyText: "closed by the client"))))
        closeTimer = eventLoop.assumeIsolated().scheduleTask(in: configuration.closeTimeout) { [self] in
            perform(state.closingTimedOut())
        }
    }

    /// Everything that waits learns that the connection is gone. What was delivered before is handed over before that.
    private func finish(_ end: ConnectionState.End) {
        if let answer = end.answer { sendKnown(.connection(answer)) }
        let context = context
        if end.closesSocket { flush() }
        status.isOpen.store(false, ordering: .releasing)
        handshakeTimer?.cancel()
        heartbeatTimer?.cancel()
        closeTimer?.cancel()
        let channels = channels.values
        self.channels = [:]
        for channel in channels { channel.connectionEnded(end.error) }
        if end.failsHandshake { established.fail(end.error) }
        closed.succeed(end.reason)
        if end.closesSocket { context?.close(promise: nil) }
    }

    // MARK: heartbeats

    private func startHeartbeats(seconds: UInt16) {
        guard seconds > 0 else { return }
        scheduleHeartbeat(after: .milliseconds(Int64(seconds) * 500))
    }

    private func scheduleHeartbeat(after half: TimeAmount) {
        heartbeatTimer = eventLoop.assumeIsolated().scheduleTask(in: half) { [self] in
            guard !state.isClosed else { return }
            // Who does not listen cannot tell whether the other is silent.
            if gate.isPaused { heartbeats.didHear() }
            let action = heartbeats.tick()
            guard !action.peerIsSilent else {
                return fail(AMQPError(.heartbeatMissed, "\(configuration) was silent for two heartbeat intervals"))
            }
            if action.sendHeartbeat {
                outbound.append { (buffer: inout ByteBuffer) in encoder.heartbeat(into: &buffer) }
                flush()
            }
            scheduleHeartbeat(after: half)
        }
    }
}
