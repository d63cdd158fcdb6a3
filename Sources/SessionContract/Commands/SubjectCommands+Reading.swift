package import SessionCore

extension DisableSubject: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> DisableSubject {
        DisableSubject(subject: try body.subject(), reason: try body.reason())
    }
}

extension EnableSubject: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> EnableSubject {
        EnableSubject(subject: try body.subject(), reason: try body.reason())
    }
}
