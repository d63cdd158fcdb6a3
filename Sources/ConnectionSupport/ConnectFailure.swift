import Glibc
import NIOCore
import NIOPosix

/// Says why a connection failed, in the words of the system. The descriptions of NIO's own errors list every address that was
/// tried, or name a function of NIO.
package enum ConnectFailure {
    package static func words(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            // Of several addresses, the first is the one that people think of.
            error.connectionErrors.first.map { words($0.error) } ?? unresolved
        case is SocketAddressError: unresolved
        case let error as IOError: String(cString: strerror(error.errnoCode)).lowercasedFirst
        case ChannelError.connectTimeout(let time): "no answer within \(time.nanoseconds / 1_000_000) ms"
        case ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed, ChannelError.eof: "the connection is closed"
        default: "\(error)"
        }
    }

    private static let unresolved = "the name cannot be resolved"
}

extension String {
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
