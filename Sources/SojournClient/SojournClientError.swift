/// Why a client could not do what it was asked to.
public struct SojournClientError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The URL or a name cannot be used.
        case invalidConfiguration
        /// There is no broker, or it did not let us in.
        case notConnected
        /// The broker has no exchanges of this namespace: no worker has run there yet.
        case noSuchNamespace
        /// No reply came in time. The command may have been carried out, or may still be.
        case timeout
        /// The message does not fit the protocol, such as a name of more than 255 bytes.
        case unsendable
    }

    public let code: Code
    /// A sentence for a person.
    public let message: String

    public var description: String { message }
}
