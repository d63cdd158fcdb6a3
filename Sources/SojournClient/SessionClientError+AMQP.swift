import AMQPNIO

extension SessionClientError {
    static let closed = SessionClientError(code: .notConnected, message: "the connection was closed")

    static func timeout(after timeout: Duration) -> SessionClientError {
        SessionClientError(
            code: .timeout,
            message: "no reply within \(timeout.components.seconds) s: is a worker running in this namespace?")
    }

    init(_ error: AMQPError) {
        switch error.code {
        case .invalidConfiguration: self.init(code: .invalidConfiguration, message: error.message)
        case .notFound:
            self.init(
                code: .noSuchNamespace,
                message: "this namespace does not exist on RabbitMQ, so no worker has run in it yet: \(error.message)")
        case .invalidMessage: self.init(code: .unsendable, message: error.message)
        case .accessRefused: self.init(code: .notPermitted, message: error.message)
        case .connectFailed, .authenticationFailed, .virtualHostUnavailable, .handshakeFailed, .timeout,
            .heartbeatMissed, .connectionClosed, .channelClosed, .preconditionFailed, .resourceLocked,
            .protocolViolation, .invalidState:
            self.init(code: .notConnected, message: error.message)
        }
    }
}
