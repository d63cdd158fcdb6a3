/// What went wrong between us and a broker, with the broker's own words where it said any.
///
/// No field ever holds a password or a message's body: an error may be logged as it is.
package struct AMQPError: Error, Sendable {
    /// The kind of failure: what a caller decides on.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// The configuration cannot be used (a URL that does not parse, a value out of range).
        case invalidConfiguration
        /// No connection could be made: name not resolved, refused, unreachable, TLS not agreed.
        case connectFailed
        /// The broker refused the user name or password.
        case authenticationFailed
        /// The broker has no such virtual host, or the user may not enter it.
        case virtualHostUnavailable
        /// What answered is no AMQP 0-9-1 server, or ended the handshake without a reason.
        case handshakeFailed
        /// Nothing came back within the limit on the wait.
        case timeout
        /// The peer was silent for two heartbeat intervals.
        case heartbeatMissed
        /// The connection is closed; `replyCode` tells why if the broker closed it.
        case connectionClosed
        /// The channel is closed; `replyCode` tells why if the broker closed it.
        case channelClosed
        /// A queue or exchange is not there (404).
        case notFound
        /// A queue or exchange exists with other arguments, or a tag was unknown (406).
        case preconditionFailed
        /// The user may not do this (403).
        case accessRefused
        /// A queue is held exclusively by someone else (405).
        case resourceLocked
        /// The peer sent what AMQP 0-9-1 does not allow at that point; the connection was dropped.
        case protocolViolation
        /// What was to be sent does not fit the protocol (a name longer than 255 bytes, headers larger than a frame).
        case invalidMessage
        /// The method does not apply in this state (publishing for confirms without `confirmSelect()`).
        case invalidState
    }

    /// The kind of failure.
    package var code: Code
    /// One sentence for a person, the broker's own words included.
    package var message: String
    /// The broker's reply code (RFC-like, AMQP 0-9-1 §1.2), if it sent one.
    package var replyCode: UInt16?
    /// The broker's reply text, word for word, if it sent one.
    package var replyText: String?
    /// The error below this one, if any.
    package var underlying: (any Error)?
    /// The source file that made the error.
    package var file: String
    /// The line in `file`.
    package var line: Int

    package init(
        _ code: Code, _ message: String, replyCode: UInt16? = nil, replyText: String? = nil,
        underlying: (any Error)? = nil, file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.replyCode = replyCode
        self.replyText = replyText
        self.underlying = underlying
        self.file = file
        self.line = line
    }
}

/// Two errors are the same if they say the same, whatever was below them and wherever they were made.
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
    package var description: String {
        let cause = underlying.map { " (\($0))" } ?? ""
        return "\(code.rawValue): \(message)\(cause) [\(file):\(line)]"
    }
}

/// The broker's reason for closing a channel or connection (`channel.close`, `connection.close`).
struct CloseReason: Hashable, Sendable {
    var replyCode: UInt16
    var replyText: String

    /// The error a closed channel leaves behind.
    func channelError(file: String = #fileID, line: Int = #line) -> AMQPError {
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
            replyText: replyText, file: file, line: line)
    }

    /// The error a closed connection leaves behind.
    func connectionError(file: String = #fileID, line: Int = #line) -> AMQPError {
        AMQPError(
            .connectionClosed, "the broker closed the connection: \(replyCode) \(replyText)", replyCode: replyCode,
            replyText: replyText, file: file, line: line)
    }
}
