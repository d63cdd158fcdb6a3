import ConnectionSupport

/// Why a Redis connection could not be made, or why a pipeline got no replies.
///
/// A server's error reply to a command is not a `RedisError` but a value: ``RedisReply/error(_:)``.
package struct RedisError: Error, Sendable {
    /// The kind of failure, for code that must react to it.
    package enum Code: String, Sendable {
        /// Connecting failed: name look-up, TCP, TLS, or a timeout.
        case connectFailed
        /// The server refused the user name or the password.
        case authenticationFailed
        /// A reply did not arrive before its deadline. The connection is closed.
        case timeout
        /// The connection ended before the replies arrived.
        case connectionClosed
        /// The server sent invalid RESP2, or more than was requested. The connection is closed.
        case protocolViolation
        /// The URL or a configured value is invalid. Retrying will not help.
        case invalidConfiguration
        /// The server refused a command of the connection's setup (`SELECT`, `SCRIPT LOAD`, …).
        case server
        /// The user lacks permissions that the connection needs (``RedisProbe``).
        case notPermitted
        /// There is no connection at present. Nothing was sent.
        case notConnected
        /// More commands are outstanding than the configuration allows. Nothing was sent.
        case tooManyOutstanding
        /// The pipeline evaluates a script that the connection was not opened with. Nothing was sent.
        case unknownScript
        /// The waiting task was cancelled.
        case cancelled
    }

    package let code: Code
    /// A sentence for the log. Contains no credentials and nothing that a command carried.
    package let message: String
    /// Whether the reply was valid but exceeded a limit: repeating the command would give the same reply.
    package var exceedsLimit = false
    /// The error of the layer below, if any.
    package let underlying: (any Error)?

    package init(
        _ code: Code, _ message: String, underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    /// For a reply that exceeds a limit.
    static func tooLarge(_ message: String) -> RedisError {
        var error = RedisError(.protocolViolation, message)
        error.exceedsLimit = true
        return error
    }

    /// Whether the server may have carried out some or all of the pipeline that failed with this error.
    ///
    /// A command that was written and not answered has an unknown outcome: repeat it only if running it twice has the
    /// same effect as running it once.
    package var mayHaveRun: Bool {
        switch code {
        case .timeout, .connectionClosed, .protocolViolation: true
        case .connectFailed, .authenticationFailed, .invalidConfiguration, .server, .notPermitted, .notConnected,
            .tooManyOutstanding, .unknownScript, .cancelled:
            false
        }
    }
}

extension RedisError: CustomStringConvertible {
    package var description: String {
        guard let underlying else { return "\(code.rawValue): \(message)" }
        return "\(code.rawValue): \(message) (\(ConnectFailure.words(underlying)))"
    }
}
