import ConnectionSupport
import NIOCore

/// The state machine of a connection, as a value: events go in, actions come out.
///
/// It performs no I/O and calls nobody: ``ConnectionHandler`` executes the actions.
struct ConnectionState {
    private enum Phase {
        case handshaking(Handshake)
        case open
        /// `connection.close` has been sent.
        case closing
        /// With the reason; nil for our own `close()`.
        case closed(AMQPError?)
    }

    enum Action {
        case nothing
        case send(ClientMethod.Connection)
        /// Apply these limits, then send these methods, in order.
        case tune(Handshake.Tuning, [ClientMethod.Connection])
        /// Channels may be opened, on this broker.
        case established(AMQPServer)
        /// The broker blocked publishing, for this reason.
        case blocked(String)
        /// It unblocked publishing, after this time.
        case unblocked(after: TimeAmount)
        /// Send `connection.close`, and wait for the answer up to the timeout.
        case beginClosing
        case end(End)
    }

    /// What to do when the connection ends. The phase is already `closed`, so callbacks see it as closed.
    struct End {
        /// To be sent first.
        var answer: ClientMethod.Connection?
        /// Whether the socket is still open, and has to be flushed and closed.
        var closesSocket: Bool
        /// Whether the handshake is still being waited for.
        var failsHandshake: Bool
        /// The error for everything that waits.
        var error: AMQPError
        /// Why it ended; nil for our own `close()`.
        var reason: AMQPError?
    }

    private var phase: Phase
    /// When the broker blocked publishing, if it has.
    private var blockedSince: NIODeadline?
    /// The peer's address, for error messages.
    private let address: String
    private let usesTLS: Bool

    init(_ configuration: AMQPConfiguration) {
        phase = .handshaking(Handshake(configuration: configuration))
        address = "\(configuration)"
        usesTLS = configuration.tls != nil
    }

    // MARK: - State

    var isHandshaking: Bool { if case .handshaking = phase { true } else { false } }
    var isOpen: Bool { if case .open = phase { true } else { false } }
    var isClosing: Bool { if case .closing = phase { true } else { false } }
    var isClosed: Bool { if case .closed = phase { true } else { false } }

    /// Why the connection cannot be used; nil if it is open.
    var unusable: AMQPError? {
        switch phase {
        case .open: nil
        case .handshaking: AMQPError(.invalidState, "the connection is not open yet")
        case .closing: AMQPError(.connectionClosed, "the connection is being closed")
        case .closed(let reason): reason ?? AMQPError(.connectionClosed, "the connection is closed")
        }
    }

    /// Whether to process a frame on a channel other than 0. While waiting for close-ok, what the broker sent before it received
    /// our close is ignored.
    ///
    /// - Throws: `protocolViolation`; the connection then has to ``fail(_:)``.
    func takesFrame(on channel: UInt16, isChannelOpen: Bool) throws(AMQPError) -> Bool {
        switch phase {
        case .open where isChannelOpen: return true
        case .closing, .closed: return false
        case .open, .handshaking:
            throw AMQPError(.protocolViolation, "received a frame for channel \(channel), which is not open")
        }
    }

    // MARK: - Events

    /// A method arrived on channel 0.
    ///
    /// - Throws: `protocolViolation`; the connection then has to ``fail(_:)``.
    mutating func receive(_ method: ServerMethod, at now: NIODeadline) throws(AMQPError) -> Action {
        switch phase {
        case .handshaking(var handshake):
            let action = handshake.receive(method)
            phase = .handshaking(handshake)
            return carryOut(action)
        case .open:
            switch method {
            case .connectionClose(let reason):
                return end(because: reason.connectionError(), answer: .closeOK, closesSocket: true)
            case .connectionBlocked(let reason):
                blockedSince = blockedSince ?? now
                return .blocked(reason)
            case .connectionUnblocked:
                defer { blockedSince = nil }
                return .unblocked(after: now - (blockedSince ?? now))
            case .connectionStart, .connectionTune, .connectionOpenOK, .connectionCloseOK, .channelOpenOK, .channelFlow,
                .channelClose, .channelCloseOK, .exchangeDeclareOK, .exchangeDeleteOK, .queueDeclareOK, .queueBindOK,
                .queueUnbindOK, .queuePurgeOK, .queueDeleteOK, .qosOK, .consumeOK, .cancelOK, .cancel,
                .confirmSelectOK, .deliver, .returned, .confirm:
                throw AMQPError(.protocolViolation, "received a method on channel 0 that is not allowed there")
            }
        case .closing:
            // Both sides close at once: each answers the other (§1.4.2.9).
            if case .connectionClose = method { return .send(.closeOK) }
            if case .connectionCloseOK = method { return end(because: nil, closesSocket: true) }
            return .nothing
        case .closed: return .nothing
        }
    }

    /// The handshake took too long.
    mutating func handshakeTimedOut() -> Action {
        guard case .handshaking(let handshake) = phase else { return .nothing }
        return fail(handshake.timedOut())
    }

    /// The client requests a close.
    mutating func close() -> Action {
        switch phase {
        case .open:
            phase = .closing
            return .beginClosing
        case .handshaking: return fail(AMQPError(.connectionClosed, "the connection was closed during the handshake"))
        case .closing, .closed: return .nothing
        }
    }

    /// The answer to `connection.close` timed out.
    mutating func closingTimedOut() -> Action {
        isClosing ? end(because: nil, closesSocket: true) : .nothing
    }

    /// An error ends the connection.
    mutating func fail(_ error: AMQPError) -> Action {
        switch phase {
        case .handshaking, .open: end(because: error, closesSocket: true)
        // It ends as requested, whatever else happens meanwhile.
        case .closing: end(because: nil, closesSocket: true)
        case .closed: .nothing
        }
    }

    /// A frame was invalid. During the handshake, that means that the peer is not an AMQP server.
    mutating func receivedInvalid(_ error: AMQPError) -> Action {
        guard isHandshaking, error.code == .protocolViolation else { return fail(error) }
        return fail(AMQPError(.handshakeFailed, "\(address): \(error.message)", underlying: error))
    }

    /// The socket failed, or TLS did.
    mutating func socketFailed(_ error: any Error) -> Action {
        guard isHandshaking else {
            return fail(AMQPError(.connectionClosed, "the connection to \(address) was lost", underlying: error))
        }
        if let refusal = error as? TLSRefusal {
            return fail(AMQPError(.connectFailed, "\(refusal)"))
        }
        let words = usesTLS ? "TLS negotiation failed" : "connection lost in the handshake"
        return fail(AMQPError(.connectFailed, "\(words) with \(address)", underlying: error))
    }

    /// Nothing was received for two heartbeat intervals.
    mutating func peerIsSilent() -> Action {
        fail(AMQPError(.heartbeatMissed, "\(address) was silent for two heartbeat intervals"))
    }

    /// The socket is gone.
    mutating func disconnected() -> Action {
        switch phase {
        case .handshaking(let handshake): end(because: handshake.endOfStream(), closesSocket: false)
        case .open:
            end(
                because: AMQPError(.connectionClosed, "\(address) closed the connection without a reason"),
                closesSocket: false)
        case .closing: end(because: nil, closesSocket: false)
        case .closed: .nothing
        }
    }

    // MARK: - Ending

    private mutating func carryOut(_ action: Handshake.Action) -> Action {
        switch action {
        case .send(let method): return .send(method)
        case .tune(let tuning, let methods): return .tune(tuning, methods)
        case .established(let server):
            phase = .open
            return .established(server)
        case .fail(let error): return fail(error)
        case .failAfterCloseOK(let error): return end(because: error, answer: .closeOK, closesSocket: true)
        }
    }

    private mutating func end(
        because reason: AMQPError?, answer: ClientMethod.Connection? = nil, closesSocket: Bool
    ) -> Action {
        let failsHandshake = isHandshaking
        phase = .closed(reason)
        return .end(
            End(
                answer: answer, closesSocket: closesSocket, failsHandshake: failsHandshake,
                error: reason ?? AMQPError(.connectionClosed, "the connection was closed by the client"), reason: reason
            )
        )
    }
}
