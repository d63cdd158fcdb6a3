package import SessionCore

extension BeginTransfer: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> BeginTransfer {
        BeginTransfer(
            token: try body.required("token", try body.token("token", as: .session, by: reader.tokens)),
            keepOriginal: try body.boolean("keepOriginal") ?? false, context: try body.context())
    }
}

extension CompleteTransfer: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> CompleteTransfer {
        CompleteTransfer(
            ticket: try body.required("ticket", try body.token("ticket", as: .ticket, by: reader.tokens)),
            device: try body.device(), context: try body.context())
    }
}
