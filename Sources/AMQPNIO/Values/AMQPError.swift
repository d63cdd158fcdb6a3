import ConnectionSupport

/// An error from the connection to a broker, including the broker's own words if it gave any.
///
/// No field ever contains a password or a message body, so an error is safe to log.
package struct AMQPError: Error, Sendable {
    /// The kind of failure, for callers that must react to it.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// The configuration is invalid (a URL that cannot be parsed, a value out of range).
        case invalidConfiguration
        /// Connecting failed: the name was not resolved, the host refused or was unreachable, or TLS failed.
        case connectFailed
        /// The broker refused the user name or password.
        case authenticationFailed
        /// The virtual host does not exist, or the user may not access it.
        case virtualHostUnavailable
        /// The peer is not an AMQP 0-9-1 server, or ended the handshake without a reason.
        case handshakeFailed
        /// No answer arrived before the timeout.
        case timeout
        /// The peer was silent for two heartbeat intervals.
        case heartbeatMissed
        /// The connection is closed; `replyCode` gives the reason if the broker closed it.
        case connectionClosed
        /// The channel is closed; `replyCode` gives the reason if the broker closed it.
        case channelClosed
        /// The queue or exchange does not exist (404).
        case notFound
        /// The queue or exchange exists with other arguments, or a tag was unknown (406).
        case preconditionFailed
        /// The user may not do this (403).
        case accessRefused
        /// Another connection holds the queue exclusively (405).
        case resourceLocked
        /// The peer violated AMQP 0-9-1; the connection was dropped.
        case protocolViolation
        /// A message or method does not fit the protocol (a name over 255 bytes, headers larger than a frame).
        case invalidMessage
        /// The method is not valid in this state (publishing with confirms without `confirmSelect()`).
        case invalidState
    }

    /// The kind of failure.
    package var code: Code
    /// One sentence for a person, including the broker's own words.
    package var message: String
    /// The broker's reply code (RFC-like, AMQP 0-9-1 §1.2), if it sent one.
    package var replyCode: UInt16?
    /// The broker's reply text, verbatim, if it sent one.
    package var replyText: String?
    /// The underlying error, if any.
    package var underlying: (any Error)?

    package init(
        _ code: Code, _ message: String, replyCode: UInt16? = nil, replyText: String? = nil,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.replyCode = replyCode
        self.replyText = replyText
        self.underlying = underlying
    }
}

extension AMQPError {
    /// Whether a queue exists, but its only copy is on a node of the cluster that is down. RabbitMQ reports it with the
    /// code of a queue that does not exist.
    package var isAboutAbsentNode: Bool {
        code == .notFound && replyText?.contains("is down or inaccessible") == true
    }
}

/// Two errors are equal if they say the same, regardless of the underlying error.
extension AMQPError: Hashable {
    package static func == (left: AMQPError, right: AMQPError) -> Bool {
        left.code == right.code && left.message == right.message && left.replyCode == right.replyCode
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(message)
        hasher.combine(replyCode)
    }
}

extension AMQPError: CustomStringConvertible {
    package var description: String { "\(code.rawValue): \(sentence)" }

    /// The message, with what was behind it.
    package var sentence: String { message + (underlying.map { " (\(ConnectFailure.words($0)))" } ?? "") }
}

/// The broker's reason for closing a channel or connection (`channel.close`, `connection.close`).
package struct CloseReason: Hashable, Sendable {
    var replyCode: UInt16
    var replyText: String

    /// Converts the reason to the error of a closed channel.
    func channelError() -> AMQPError {
        let code: AMQPError.Code =
            switch replyCode {
            case 403: .accessRefused
            case 404: .notFound
            case 405: .resourceLocked
            case 406: .preconditionFailed
            default: .channelClosed
            }
        return AMQPError(
            code, "the broker closed the channel: \(replyCode) \(replyText)", replyCode: replyCode,
            replyText: replyText)
    }

    /// Converts the reason to the error of a closed connection.
    func connectionError() -> AMQPError {
        AMQPError(
            .connectionClosed, "the broker closed the connection: \(replyCode) \(replyText)", replyCode: replyCode,
            replyText: replyText)
    }
}
