/// The life of a connection as a value: what has happened goes in, what is to be done comes out.
///
/// Nothing here writes, waits or calls anybody: ``ConnectionHandler`` does what the actions say.
struct ConnectionState {
    private enum Phase {
        case handshaking(Handshake)
        case open
        /// We sent `connection.close`.
        case closing
        /// With the reason; nil for our own `close()`.
        case closed(AMQPError?)
    }

    enum Action {
        case nothing
        case send(ClientMethod.Connection)
        /// Take these limits, then send these, in order.
        case tune(Handshake.Tuning, [ClientMethod.Connection])
        /// Channels may be opened.
        case established
        /// The broker takes no messages, for this reason, or takes them again.
        case setBlocked(String?)
        /// Send `connection.close`, and wait for the answer no longer than the limit.
        case beginClosing
        case end(End)
    }

    /// What is to be done when the connection is over. Its phase is `closed` already: whoever is called back finds it so.
    struct End {
        /// To send before anything else.
        var answer: ClientMethod.Connection?
        /// Whether the socket is still there, to be flushed and closed.
        var closesSocket: Bool
        /// Whether somebody still waits for the handshake.
        var failsHandshake: Bool
        /// What those who wait for anything learn.
        var error: AMQPError
        /// Why it ended; nil for our own `close()`.
        var reason: AMQPError?
    }

    private var phase: Phase
    /// Where to, for the words of errors.
    private let address: String

    init(_ configuration: AMQPConfiguration) {
        phase = .handshaking(Handshake(configuration: configuration))
        address = "\(configuration)"
    }

    // MARK: What it is

    var isHandshaking: Bool { if case .handshaking = phase { true } else { false } }
    var isOpen: Bool { if case .open = phase { true } else { false } }
    var isClosing: Bool { if case .closing = phase { true } else { false } }
    var isClosed: Bool { if case .closed = phase { true } else { false } }

    /// Why nothing can be done on this connection, or nil if it is open.
    var unusable: AMQPError? {
        switch phase {
        case .open: nil
        case .handshaking: AMQPError(.invalidState, "the connection is not open yet")
        case .closing: AMQPError(.connectionClosed, "the connection is being closed")
        case .closed(let reason): reason ?? AMQPError(.connectionClosed, "the connection is closed")
        }
    }

    /// Before the handshake is done, a frame that makes no sense means that this is no AMQP server.
    func judged(_ error: AMQPError) -> AMQPError {
        guard isHandshaking, error.code == .protocolViolation else { return error }
        return AMQPError(.handshakeFailed, "\(address): \(error.message)", underlying: error)
    }

    // MARK: What happens

    /// A method came on channel 0.
    ///
    /// - Throws: `protocolViolation`, for which the connection has to ``fail(_:)``.
    mutating func receive(_ method: ServerMethod) throws(AMQPError) -> Action {
        switch phase {
        case .handshaking(var handshake):
            let action = handshake.receive(method)
            phase = .handshaking(handshake)
            return carryOut(action)
        case .open:
            switch method {
            case .connectionClose(let reason):
                return end(because: reason.connectionError(), answer: .closeOK, closesSocket: true)
            case .connectionBlocked(let reason): return .setBlocked(reason)
            case .connectionUnblocked: return .setBlocked(nil)
            case .connectionStart, .connectionTune, .connectionOpenOK, .connectionCloseOK, .channelOpenOK, .channelFlow,
                .channelClose, .channelCloseOK, .exchangeDeclareOK, .exchangeDeleteOK, .queueDeclareOK, .queueBindOK,
                .queueUnbindOK, .queuePurgeOK, .queueDeleteOK, .qosOK, .consumeOK, .cancelOK, .cancel,
                .confirmSelectOK, .deliver, .returned, .confirm:
                throw AMQPError(.protocolViolation, "a method came on channel 0 that has no place there")
            }
        case .closing:
            // Both closing at once: each answers the other (§1.4.2.9).
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

    /// We want it closed.
    mutating func close() -> Action {
        switch phase {
        case .open:
            phase = .closing
            return .beginClosing
        case .handshaking: return fail(AMQPError(.connectionClosed, "the connection was closed during the handshake"))
        case .closing, .closed: return .nothing
        }
    }

    /// The answer to our `connection.close` did not come in time.
    mutating func closingTimedOut() -> Action {
        isClosing ? end(because: nil, closesSocket: true) : .nothing
    }

    /// Something went wrong that ends the connection.
    mutating func fail(_ error: AMQPError) -> Action {
        switch phase {
        case .handshaking, .open: end(because: error, closesSocket: true)
        // It ends as we wanted it to, whatever else happens meanwhile.
        case .closing: end(because: nil, closesSocket: true)
        case .closed: .nothing
        }
    }

    /// The socket is gone.
    mutating func disconnected() -> Action {
        switch phase {
        case .handshaking(let handshake): end(because: handshake.endOfStream(), closesSocket: false)
        case .open:
            end(
                because: AMQPError(.connectionClosed, "\(address) closed the connection without a word"),
                closesSocket: false)
        case .closing: end(because: nil, closesSocket: false)
        case .closed: .nothing
        }
    }

    // MARK: The end

    private mutating func carryOut(_ action: Handshake.Action) -> Action {
        switch action {
        case .send(let method): return .send(method)
        case .tune(let tuning, let methods): return .tune(tuning, methods)
        case .established:
            phase = .open
            return .established
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
                error: reason ?? AMQPError(.connectionClosed, "the connection was closed by this side"), reason: reason)
        )
    }
}
