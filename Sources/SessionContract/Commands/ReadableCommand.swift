package import SessionCore

/// A command that can be read from a message: what `CommandRegistry` lists.
package protocol ReadableCommand: SentCommand {
    /// Reads everything but the tenant, which every command may name. Keys that nobody asked `body` for are refused
    /// afterwards, so each optional key is asked for even where it is not there.
    ///
    /// - Parameter reader: has the token scheme, and knows the types of factor.
    static func read(from body: inout ObjectReader, tenant: String, by reader: CommandReader) throws(Failure) -> Self
}
