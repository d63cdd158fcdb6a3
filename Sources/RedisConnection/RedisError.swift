/// Why a Redis connection could not be made, or what was sent over it has no replies.
///
/// An error reply of the server to a command is not one of these: it is a value, ``RedisReply/error(_:)``.
package struct RedisError: Error, Sendable {
    /// What went wrong, for code that must choose what to do.
    package enum Code: String, Sendable {
        /// No connection came about: name look-up, TCP, TLS, or nobody answering in time.
        case connectFailed
        /// The server refused the user name or the password.
        case authenticationFailed
        /// A reply did not come before its deadline. The connection is closed.
        case timeout
        /// The connection ended before the replies came.
        case connectionClosed
        /// The server sent what is not RESP2, or more than was asked for. The connection is closed.
        case protocolViolation
        /// The URL or a configured value cannot be used. Trying again will not help.
        case invalidConfiguration
        /// The server refused a command that sets the connection up (`SELECT`, `SCRIPT LOAD`, …).
        case server
        /// The user may not do what the connection is for (``RedisProbe``).
        case notPermitted
        /// There is no connection at the moment. Nothing was sent.
        case notConnected
        /// More is outstanding than the configuration allows. Nothing was sent.
        case tooManyOutstanding
        /// The pipeline evaluates a script that the connection was not given when it was opened. Nothing was sent.
        case unknownScript
        /// The waiting task was cancelled.
        case cancelled
    }

    package let code: Code
    /// A sentence for the log. Holds no credential and nothing that a command carried.
    package let message: String
    /// Whether the reply was right and merely larger than a limit: the same command would bring it again.
    package var exceedsLimit = false
    /// The error of the layer below, where there is one.
    package let underlying: (any Error)?
    /// Where in the source the error was made.
    package let file: StaticString
    package let line: UInt

    package init(
        _ code: Code, _ message: String, underlying: (any Error)? = nil, file: StaticString = #fileID,
        line: UInt = #line
    ) {
        self.code = code
        self.message = message
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    /// Of a reply that is larger than a limit.
    static func tooLarge(_ message: String) -> RedisError {
        var error = RedisError(.protocolViolation, message)
        error.exceedsLimit = true
        return error
    }

    /// Whether the server may have carried out some or all of the pipeline that got this error.
    ///
    /// A command that was written and not answered has an unknown outcome: whoever repeats it must make sure that
    /// twice is as good as once.
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
        return "\(code.rawValue): \(message) (\(underlying))"
    }
}
