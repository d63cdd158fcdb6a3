package import SessionCore

extension UpdateSession: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> UpdateSession {
        UpdateSession(
            target: try body.sessionTarget(by: reader.tokens), attributes: try body.attributes(),
            device: try body.device(), context: try body.context())
    }
}
