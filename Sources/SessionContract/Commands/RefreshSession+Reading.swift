package import SessionCore

extension RefreshSession: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> RefreshSession {
        RefreshSession(
            refreshToken: try body.required(
                "refreshToken", try body.token("refreshToken", as: .refresh, by: reader.tokens)),
            context: try body.context())
    }
}
