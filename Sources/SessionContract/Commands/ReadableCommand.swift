package import SessionCore

/// A command that can be parsed from a message. `CommandRegistry` lists them all.
package protocol ReadableCommand: SentCommand {
    /// Reads the body. Keys that this does not ask for are rejected afterwards, except `tenant`, which every command has.
    ///
    /// - Parameter reader: provides the token scheme and the types of factor.
    static func read(from body: inout ObjectReader, tenant: String, by reader: CommandReader) throws(Failure) -> Self
}
