import ConnectionSupport
import NIOCore
import NIOPosix

/// Why a server has not answered a request.
package struct HTTPFailure: Error, Sendable {
    package enum Reason: Sendable {
        case unreachable
        case timeout
        /// What it sent is not HTTP, or is too much of it.
        case malformed
    }

    package let reason: Reason
    /// A sentence for the log.
    package let message: String

    init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    /// From what SwiftNIO throws while connecting, sending and receiving.
    init(_ error: any Error) {
        switch error {
        case let error as HTTPFailure: self = error
        case let error as TLSRefusal: self.init(.unreachable, "\(error)")
        case ChannelError.connectTimeout: self.init(.timeout, "it could not be connected to in time")
        case let error as NIOConnectionError:
            self.init(.unreachable, "it cannot be connected to (\(ConnectFailure.words(error)))")
        case let error as IOError: self.init(.unreachable, "the connection failed (\(ConnectFailure.words(error)))")
        default: self.init(.malformed, "its answer is not HTTP (\(error))")
        }
    }
}
