package import AMQPNIO

extension SojournError {
    static let closed = SojournError(.clientClosed, "the client was closed")

    static let notSent = SojournError(
        .notConnected, "the connection was lost before the command was sent", isRetryable: true)

    static let lost = SojournError(
        .notConnected, "the connection was lost before the result arrived: the command may have been carried out")

    static func timeout(after timeout: Duration) -> SojournError {
        SojournError(
            .timeout,
            "no result within \(timeout): is a worker running in this namespace? The command may still be carried out")
    }

    /// The same, with why the command had to be sent again.
    func after(_ cause: String?) -> SojournError {
        guard let cause else { return self }
        return SojournError(code, "\(message) (sent before, it ended with \(cause))", isRetryable: isRetryable)
    }

    package init(_ error: AMQPError) {
        switch error.code {
        case .invalidConfiguration: self.init(.invalidConfiguration, error.message)
        case .notFound:
            self.init(
                .noSuchNamespace,
                "this namespace does not exist on RabbitMQ, so no worker has run in it yet: \(error.message)")
        case .invalidMessage: self.init(.unsendable, error.message)
        case .accessRefused, .preconditionFailed: self.init(.accessRefused, error.message)
        case .authenticationFailed:
            self.init(
                .accessRefused,
                "RabbitMQ refuses the user or the password in the URL (\(error.replyText ?? error.message))")
        case .connectFailed, .virtualHostUnavailable, .handshakeFailed, .timeout,
            .heartbeatMissed, .connectionClosed, .channelClosed, .resourceLocked, .protocolViolation, .invalidState:
            self.init(.notConnected, error.sentence)
        }
    }
}
