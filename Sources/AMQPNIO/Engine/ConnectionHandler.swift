import Logging
import NIOCore
import Synchronization

/// The channel handler of a connection: splits bytes into frames, dispatches them to the channels, and gathers the
/// outgoing frames of one event-loop turn into one write.
///
/// Confined to its event loop, so there are no locks. Callers' closures run here after the state that they could change
/// has been updated, so they may call back in.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    let configuration: AMQPConfiguration
    let eventLoop: any EventLoop
    let logger: Logger
    let status = ConnectionStatus()
    /// Succeeds once channels may be opened.
    let established: EventLoopPromise<Void>
    /// Succeeds with the reason once the connection has ended; nil after our own `close()`.
    let closed: EventLoopPromise<AMQPError?>
    private let onBlocked: (@Sendable (_ reason: String?) -> Void)?
    /// The handshake must be complete by then.
    private let connectDeadline: NIODeadline

    private var state: ConnectionState
    private var decoder: FrameDecoder
    private var encoder: FrameEncoder
    private var outbound = OutboundBuffer()
    private var heartbeats = HeartbeatMonitor()
    var channels: [UInt16: ChannelCore] = [:]
    private var channelNumbers: ChannelNumbers
    /// Consumers with deliveries to pass on at the end of this read.
    private var waitingConsumers: [Consumer] = []
    private var context: ChannelHandlerContext?
    private var isReading = false
    private var gate = ReadGate()
    private var isFlushScheduled = false
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
        // Before `tune`, no frame may exceed the minimum frame-max (§4.2.3 with §1.4.2.6).
        encoder = FrameEncoder(frameMax: AMQPLimits.frameMin)
        channelNumbers = ChannelNumbers(maximum: configuration.channelMax)
    }

    // MARK: - Pipeline events

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
        // Errors of TLS and of the socket arrive here.
        perform(state.socketFailed(error))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !state.isClosed else { return }
        isReading = true
        heartbeats.didHear()
        decoder.append(unwrapInboundIn(data))
        do throws(AMQPError) {
            while !state.isClosed, let frame = try decoder.next() { try receive(frame) }
        } catch {
            perform(state.receivedInvalid(error))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        handOverDeliveries()
        flush()
        context.fireChannelReadComplete()
    }

    // MARK: - Backpressure

    func read(context: ChannelHandlerContext) {
        if gate.mayRead() { context.read() }
    }

    /// Pauses or resumes reading from the socket.
    func pauseReading(_ isPaused: Bool) {
        if gate.pause(isPaused) { context?.read() }
    }

    // MARK: - Sending

    /// Buffers a method until the next flush.
    func send(_ method: ClientMethod, on channel: UInt16 = 0) throws(AMQPError) {
        try outbound.append { (buffer) throws(AMQPError) in
            try encoder.method(method, channel: channel, into: &buffer)
        }
        scheduleFlush()
    }

    /// Buffers a message until the next flush.
    func publish(_ message: AMQPMessage, on channel: UInt16) throws(AMQPError) {
        try outbound.append { (buffer) throws(AMQPError) in
            try encoder.publish(message, channel: channel, into: &buffer)
        }
        scheduleFlush()
    }

    /// Buffers a method whose fields are known to fit.
    func sendKnown(_ method: ClientMethod, on channel: UInt16 = 0) {
        do throws(AMQPError) { try send(method, on: channel) } catch {
            preconditionFailure("a method without variable fields could not be encoded: \(error)")
        }
    }

    /// During a read, the end of the read flushes. Otherwise the end of this event-loop turn does, so that everything
    /// written in it goes out in one write.
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

    // MARK: - Receiving

    private func receive(_ frame: InboundFrame) throws(AMQPError) {
        switch frame {
        case .heartbeat: return
        case .method(channel: 0, let method): try take(state.receive(method, at: eventLoop.now))
        case .method(let id, let method): try channel(id)?.receive(method)
        case .header(let id, let properties, let bodySize): try channel(id)?.receive(properties, bodySize: bodySize)
        case .body(let id, let fragment): try channel(id)?.receive(fragment)
        }
    }

    /// Nil if the frame is to be ignored.
    private func channel(_ id: UInt16) throws(AMQPError) -> ChannelCore? {
        let channel = channels[id]
        return try state.takesFrame(on: id, isChannelOpen: channel != nil) ? channel : nil
    }

    private func blocked(_ reason: String) {
        logger.warning("the broker has blocked publishing")
        status.isBlocked.store(true, ordering: .releasing)
        onBlocked?(reason)
    }

    private func unblocked(after time: TimeAmount) {
        logger.warning("the broker has unblocked publishing")
        status.isBlocked.store(false, ordering: .releasing)
        for channel in channels.values { channel.alarmEnded(after: time) }
        onBlocked?(nil)
    }

    // MARK: - Deliveries

    /// Registers a consumer that has deliveries to pass on at the end of this read.
    func wait(_ consumer: Consumer) { waitingConsumers.append(consumer) }

    private func handOverDeliveries() {
        guard !waitingConsumers.isEmpty else { return }
        let consumers = waitingConsumers
        waitingConsumers.removeAll(keepingCapacity: true)
        for consumer in consumers { consumer.handOver() }
    }

    // MARK: - Channels

    /// A free number for a new channel, 1 up to the negotiated maximum.
    func makeChannelID() throws(AMQPError) -> UInt16 {
        try channelNumbers.next(count: channels.count) { channels[$0] != nil }
    }

    // MARK: - Life cycle

    /// Why the connection cannot be used; nil if it is open.
    var unusable: AMQPError? { state.unusable }

    private func start() {
        guard handshakeTimer == nil, state.isHandshaking else { return }
        handshakeTimer = eventLoop.assumeIsolated().scheduleTask(deadline: connectDeadline) { [self] in
            perform(state.handshakeTimedOut())
        }
        outbound.append { (buffer: inout ByteBuffer) in buffer.writeBytes(FrameEncoder.protocolHeader) }
        flush()
    }

    /// Begins an orderly close: sends `connection.close`, then waits for `close-ok` or the timeout.
    func close() { perform(state.close()) }

    /// Ends the connection because of an error.
    func fail(_ error: AMQPError) { perform(state.fail(error)) }

    private func perform(_ action: ConnectionState.Action) {
        do throws(AMQPError) { try take(action) } catch { fail(error) }
    }

    /// Executes an action of the state machine.
    ///
    /// - Throws: `invalidMessage` if a method of the handshake does not fit into a frame.
    private func take(_ action: ConnectionState.Action) throws(AMQPError) {
        switch action {
        case .nothing: return
        case .send(let method): try send(.connection(method))
        case .tune(let tuning, let methods):
            for method in methods { try send(.connection(method)) }
            channelNumbers.maximum = tuning.channelMax
            decoder.frameMax = tuning.frameMax
            encoder.frameMax = tuning.frameMax
            startHeartbeats(seconds: tuning.heartbeat)
        case .established(let server):
            handshakeTimer?.cancel()
            status.server.withLock { $0 = server }
            status.isOpen.store(true, ordering: .releasing)
            established.succeed()
        case .blocked(let reason): blocked(reason)
        case .unblocked(let time): unblocked(after: time)
        case .beginClosing: beginClosing()
        case .end(let end): finish(end)
        }
    }

    /// A broker under a resource alarm reads nothing from connections that publish, not even `connection.close`. Hence
    /// the timeout.
    private func beginClosing() {
        // Otherwise the reply would remain unread in the socket.
        pauseReading(false)
        status.isOpen.store(false, ordering: .releasing)
        sendKnown(.connection(.close(CloseReason(replyCode: 200, replyText: "closed by the client"))))
        closeTimer = eventLoop.assumeIsolated().scheduleTask(in: configuration.closeTimeout) { [self] in
            perform(state.closingTimedOut())
        }
    }

    /// Fails everything that waits for the connection, after passing on what was delivered before.
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

    // MARK: - Heartbeats

    private func startHeartbeats(seconds: UInt16) {
        guard seconds > 0 else { return }
        scheduleHeartbeat(after: .milliseconds(Int64(seconds) * 500))
    }

    private func scheduleHeartbeat(after half: TimeAmount) {
        heartbeatTimer = eventLoop.assumeIsolated().scheduleTask(in: half) { [self] in
            guard !state.isClosed else { return }
            // While reading is paused, silence says nothing about the peer.
            if gate.isPaused { heartbeats.didHear() }
            let action = heartbeats.tick()
            guard !action.peerIsSilent else { return perform(state.peerIsSilent()) }
            if action.sendHeartbeat {
                outbound.append { (buffer: inout ByteBuffer) in encoder.heartbeat(into: &buffer) }
                flush()
            }
            scheduleHeartbeat(after: half)
        }
    }
}
