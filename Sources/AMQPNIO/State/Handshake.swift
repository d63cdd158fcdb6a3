/// Opening a connection (AMQP 0-9-1 §2.2.4): start, tune and open, each answered in turn.
struct Handshake {
    private enum State {
        case awaitingStart
        case awaitingTune(AMQPServer)
        case awaitingOpenOK(AMQPServer)
        case ended
    }

    /// The limits negotiated in `tune`.
    struct Tuning: Hashable, Sendable {
        var channelMax: UInt16
        var frameMax: UInt32
        /// In seconds; 0 disables heartbeats.
        var heartbeat: UInt16
    }

    enum Action {
        case send(ClientMethod.Connection)
        /// Adopt these limits, then send these methods, in order.
        case tune(Tuning, [ClientMethod.Connection])
        case established(AMQPServer)
        case fail(AMQPError)
        /// Answer with close-ok, then fail.
        case failAfterCloseOK(AMQPError)
    }

    private var state = State.awaitingStart
    private let configuration: AMQPConfiguration

    init(configuration: AMQPConfiguration) { self.configuration = configuration }

    mutating func receive(_ method: ServerMethod) -> Action {
        switch (state, method) {
        case (.awaitingStart, .connectionStart(let major, let minor, let mechanisms, let server)):
            return start(major: major, minor: minor, mechanisms: mechanisms, server)
        case (.awaitingTune(let server), .connectionTune(let channelMax, let frameMax, let heartbeat)):
            return tune(channelMax: channelMax, frameMax: frameMax, heartbeat: heartbeat, server)
        case (.awaitingOpenOK(let server), .connectionOpenOK):
            state = .ended
            return .established(server)
        case (.awaitingStart, .connectionClose(let reason)), (.awaitingTune, .connectionClose(let reason)),
            (.awaitingOpenOK, .connectionClose(let reason)):
            let error = refusal(reason)
            state = .ended
            return .failAfterCloseOK(error)
        case (.awaitingStart, _), (.awaitingTune, _), (.awaitingOpenOK, _):
            state = .ended
            return .fail(AMQPError(.handshakeFailed, "the server answered the AMQP handshake out of order"))
        case (.ended, _):
            return .fail(AMQPError(.handshakeFailed, "the server continued the AMQP handshake after its end"))
        }
    }

    /// The error for a peer that closes the connection without a reason.
    func endOfStream() -> AMQPError {
        switch state {
        case .awaitingStart:
            AMQPError(.handshakeFailed, "the server closed the connection at once: not AMQP 0-9-1, or TLS is expected")
        case .awaitingTune:
            // How a server without authentication_failure_close refuses a login.
            AMQPError(.authenticationFailed, "the server closed the connection after the user name and password")
        case .awaitingOpenOK:
            AMQPError(.virtualHostUnavailable, "the server closed the connection on opening the virtual host")
        case .ended: AMQPError(.handshakeFailed, "the server closed the connection during the handshake")
        }
    }

    /// The error for a server that stays silent until the deadline.
    func timedOut() -> AMQPError {
        let step =
            switch state {
            case .awaitingStart: "connection.start"
            case .awaitingTune: "connection.tune"
            case .awaitingOpenOK, .ended: "connection.open-ok"
            }
        return AMQPError(.timeout, "no \(step) from \(configuration) in time")
    }

    private mutating func start(major: UInt8, minor: UInt8, mechanisms: String, _ server: AMQPServer) -> Action {
        guard major == 0, minor == 9 else {
            state = .ended
            return .fail(AMQPError(.handshakeFailed, "the server speaks AMQP \(major)-\(minor), not 0-9"))
        }
        guard mechanisms.split(separator: " ").contains("PLAIN") else {
            state = .ended
            return .fail(
                AMQPError(
                    .authenticationFailed,
                    "the server offers the mechanisms \(mechanisms.prefix(AMQPLimits.shortString)), but not PLAIN"))
        }
        state = .awaitingTune(server)
        // RFC 4616: no authorization identity, then user name and password, each preceded by a NUL.
        let response = [0] + Array(configuration.username.utf8) + [0] + Array(configuration.password.utf8)
        return .send(.startOK(properties: clientProperties, mechanism: "PLAIN", response: response))
    }

    /// Without these capabilities RabbitMQ sends neither `basic.cancel` nor `connection.blocked`, and answers a wrong
    /// password by closing the socket.
    private var clientProperties: AMQPTable {
        [
            "product": "sojourn",
            "platform": "Swift",
            "connection_name": .string(configuration.connectionName),
            "capabilities": .table([
                "connection.blocked": true,
                "consumer_cancel_notify": true,
                "publisher_confirms": true,
                "basic.nack": true,
                "authentication_failure_close": true,
                "exchange_exchange_bindings": true,
            ]),
        ]
    }

    private mutating func tune(
        channelMax: UInt16, frameMax: UInt32, heartbeat: UInt16, _ server: AMQPServer
    ) -> Action {
        // Use the smaller of each pair of values. A 0 from the server means "no limit"; a heartbeat of 0 from us means
        // "none".
        let ours = configuration.heartbeatSeconds
        let tuning = Tuning(
            channelMax: channelMax == 0 ? configuration.channelMax : min(channelMax, configuration.channelMax),
            frameMax: frameMax == 0 ? configuration.frameMax : min(frameMax, configuration.frameMax),
            heartbeat: heartbeat == 0 ? ours : min(heartbeat, ours))
        guard tuning.frameMax >= AMQPLimits.frameMin else {
            state = .ended
            return .fail(
                AMQPError(.handshakeFailed, "the server's frame-max of \(frameMax) bytes is below the minimum of 4096"))
        }
        state = .awaitingOpenOK(server)
        return .tune(
            tuning,
            [
                .tuneOK(
                    channelMax: tuning.channelMax, frameMax: tuning.frameMax, heartbeat: tuning.heartbeat),
                .open(virtualHost: configuration.virtualHost),
            ])
    }

    private func refusal(_ reason: CloseReason) -> AMQPError {
        let code: AMQPError.Code =
            switch (state, reason.replyCode) {
            case (.awaitingTune, 403): .authenticationFailed
            // 530 NOT_ALLOWED: "vhost … not found" or "access to vhost … refused".
            case (.awaitingOpenOK, 403), (.awaitingOpenOK, 530): .virtualHostUnavailable
            default: .handshakeFailed
            }
        return AMQPError(
            code, "the broker refused the connection: \(reason.replyCode) \(reason.replyText)",
            replyCode: reason.replyCode, replyText: reason.replyText)
    }
}
