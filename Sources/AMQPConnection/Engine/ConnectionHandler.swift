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

    enum Phase {
        case handshaking(Handshake)
        case open
        /// We sent `connection.close`.
        case closing
        case closed
    }

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

    private(set) var phase: Phase
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
    private var reason: AMQPError?

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
        phase = .handshaking(Handshake(configuration: configuration))
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
        end()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        start()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // TLS failures arrive here, and resets of the socket.
        if case .handshaking = phase {
            let words = configuration.tls == nil ? "the connection broke during the handshake" : "TLS was not agreed on"
            fail(AMQPError(.connectFailed, "\(words) with \(configuration)", underlying: error))
        } else {
            fail(AMQPError(.connectionClosed, "the connection to \(configuration) broke", underlying: error))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosed else { return }
        isReading = true
        heartbeats.didHear()
        decoder.append(unwrapInboundIn(data))
        do throws(AMQPError) {
            while !isClosed, let frame = try decoder.next() { try receive(frame) }
        } catch {
            fail(inHandshake(error))
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
        case .method(channel: 0, let method): try receive(method)
        case .method(let id, let method):
            // While we wait for close-ok, what the broker sent before it read our close is of no interest.
            guard !isClosing else { return }
            try channel(id).receive(method)
        case .header(let id, let properties, let bodySize):
            guard !isClosing else { return }
            try channel(id).receive(properties, bodySize: bodySize)
        case .body(let id, let fragment):
            guard !isClosing else { return }
            try channel(id).receive(fragment)
        }
    }

    private func channel(_ id: UInt16) throws(AMQPError) -> ChannelCore {
        guard case .open = phase, let channel = channels[id] else {
            throw AMQPError(.protocolViolation, "a frame came for channel \(id), which is not open")
        }
        return channel
    }

    private func receive(_ method: ServerMethod) throws(AMQPError) {
        switch phase {
        case .handshaking(var handshake):
            let action = handshake.receive(method)
            phase = .handshaking(handshake)
            try perform(action)
        case .open:
            switch method {
            case .connectionClose(let reason): closedByBroker(reason)
            case .connectionBlocked(let reason): setBlocked(reason)
            case .connectionUnblocked: setBlocked(nil)
            case .connectionStart, .connectionTune, .connectionOpenOK, .connectionCloseOK, .channelOpenOK, .channelFlow,
                .channelClose, .channelCloseOK, .exchangeDeclareOK, .exchangeDeleteOK, .queueDeclareOK, .queueBindOK,
                .queueUnbindOK, .queuePurgeOK, .queueDeleteOK, .qosOK, .consumeOK, .cancelOK, .cancel,
                .confirmSelectOK, .deliver, .returned, .confirm:
                throw AMQPError(.protocolViolation, "a method came on channel 0 that has no place there")
            }
        case .closing:
            // Both closing at once: each answers the other (§1.4.2.9).
            if case .connectionClose = method { sendKnown(.connection(.closeOK)) }
            if case .connectionCloseOK = method { disconnect() }
        case .closed: return
        }
    }

    private func perform(_ action: Handshake.Action) throws(AMQPError) {
        switch action {
        case .send(let method): try send(.connection(method))
        case .tune(let tuning, let methods):
            for method in methods { try send(.connection(method)) }
            channelMax = tuning.channelMax
            decoder.frameMax = tuning.frameMax
            encoder.frameMax = tuning.frameMax
            startHeartbeats(seconds: tuning.heartbeat)
        case .established:
            handshakeTimer?.cancel()
            phase = .open
            status.isOpen.store(true, ordering: .releasing)
            established.succeed()
        case .fail(let error): fail(error)
        case .failAfterCloseOK(let error):
            sendKnown(.connection(.closeOK))
            fail(error)
        }
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

    var isClosed: Bool { if case .closed = phase { true } else { false } }
    private var isClosing: Bool { if case .closing = phase { true } else { false } }

    /// Why nothing can be done on this connection, or nil if it is open.
    var unusable: AMQPError? {
        switch phase {
        case .open: nil
        case .handshaking: AMQPError(.invalidState, "the connection is not open yet")
        case .closing: AMQPError(.connectionClosed, "the connection is being closed")
        case .closed: reason ?? AMQPError(.connectionClosed, "the connection is closed")
        }
    }

    private func start() {
        guard handshakeTimer == nil, case .handshaking = phase else { return }
        handshakeTimer = eventLoop.assumeIsolated().scheduleTask(deadline: connectDeadline) { [self] in
            guard case .handshaking(let handshake) = phase else { return }
            fail(handshake.timedOut())
        }
        outbound.append { (buffer: inout ByteBuffer) in buffer.writeBytes(FrameEncoder.protocolHeader) }
        flush()
    }

    /// Begins an orderly close: `connection.close`, then `close-ok` or the limit on the wait. A broker under an alarm reads
    /// nothing of those who publish, their `connection.close` neither.
    func close() {
        switch phase {
        case .open:
            phase = .closing
            // Else the answer would stay in the socket with what is not read.
            pauseReading(false)
            status.isOpen.store(false, ordering: .releasing)
            sendKnown(.connection(.close(CloseReason(replyCode: 200, replyText: "closed by the client"))))
            closeTimer = eventLoop.assumeIsolated().scheduleTask(in: configuration.closeTimeout) { [self] in
                disconnect()
            }
        case .handshaking: fail(AMQPError(.connectionClosed, "the connection was closed during the handshake"))
        case .closing, .closed: return
        }
    }

    /// Ends the connection because of an error.
    func fail(_ error: AMQPError) {
        guard !isClosed else { return }
        if reason == nil, !isClosing { reason = error }
        flush()
        disconnect()
    }

    private func closedByBroker(_ close: CloseReason) {
        sendKnown(.connection(.closeOK))
        fail(close.connectionError())
    }

    private func disconnect() {
        let context = context
        end()
        context?.close(promise: nil)
    }

    /// Everything that waits learns that the connection is gone. What was delivered before is handed over before that.
    private func end() {
        guard !isClosed else { return }
        let wasHandshaking: Handshake? = if case .handshaking(let handshake) = phase { handshake } else { nil }
        let wasOurs = isClosing
        if reason == nil, !wasOurs {
            reason =
                wasHandshaking?.endOfStream()
                ?? AMQPError(.connectionClosed, "\(configuration) closed the connection without a word")
        }
        phase = .closed
        status.isOpen.store(false, ordering: .releasing)
        handshakeTimer?.cancel()
        heartbeatTimer?.cancel()
        closeTimer?.cancel()
        let error = reason ?? AMQPError(.connectionClosed, "the connection was closed by this side")
        let channels = channels.values
        self.channels = [:]
        for channel in channels { channel.connectionEnded(error) }
        if wasHandshaking != nil { established.fail(error) }
        closed.succeed(reason)
    }

    /// Before the handshake is done, a frame that makes no sense means that this is no AMQP server.
    private func inHandshake(_ error: AMQPError) -> AMQPError {
        guard case .handshaking = phase, error.code == .protocolViolation else { return error }
        return AMQPError(.handshakeFailed, "\(configuration): \(error.message)", underlying: error)
    }

    // MARK: heartbeats

    private func startHeartbeats(seconds: UInt16) {
        guard seconds > 0 else { return }
        scheduleHeartbeat(after: .milliseconds(Int64(seconds) * 500))
    }

    private func scheduleHeartbeat(after half: TimeAmount) {
        heartbeatTimer = eventLoop.assumeIsolated().scheduleTask(in: half) { [self] in
            guard !isClosed else { return }
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
