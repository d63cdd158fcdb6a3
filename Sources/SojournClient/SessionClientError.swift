/// Why an operation of the client failed.
public struct SessionClientError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The URL or a name cannot be used.
        case invalidConfiguration
        /// No broker could be reached, or it rejected the connection.
        case notConnected
        /// The broker has no exchanges for this namespace: no worker has run there yet.
        case noSuchNamespace
        /// No reply arrived in time. The command may have been executed, or may still be.
        case timeout
        /// AMQP cannot carry the message, for example because a name has more than 255 bytes.
        case unsendable
        /// The broker does not permit it to this user.
        case notPermitted
        /// The broker did not take the command: a queue is full, and refuses what arrives.
        case refused
    }

    public let code: Code
    /// A message for people.
    public let message: String

    public var description: String { message }
}
