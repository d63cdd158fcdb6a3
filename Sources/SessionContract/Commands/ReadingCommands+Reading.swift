package import SessionCore

extension GetSession: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> GetSession {
        GetSession(try body.sessionTarget(by: reader.tokens))
    }
}

extension ListSessions: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> ListSessions {
        let subject = try body.subject()
        return ListSessions(
            subject: subject, includeEnded: try body.boolean("includeEnded") ?? false,
            limit: try body.integer("limit", in: 1...maxLimit) ?? maxLimit,
            after: try place(of: subject, tenant: tenant, from: &body, by: reader.tokens))
    }

    /// The place that `cursor` stands for.
    private static func place(
        of subject: ExactText, tenant: String, from body: inout ObjectReader, by tokens: any TokenScheme
    ) throws(Failure) -> ListPlace? {
        guard let cursor = try body.string("cursor", length: 1...ObjectReader.maxCursorLength) else { return nil }
        guard let place = tokens.place(of: cursor, of: tokens.handle(tenant: tenant, subject: subject.text)) else {
            throw body.failure("cursor", "must be the next of a result for the same subject")
        }
        return place
    }
}

extension ReadActivity: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> ReadActivity {
        ReadActivity(
            session: SessionID(try body.required("sessionId", length: 1...128)),
            limit: try body.integer("limit", in: 1...maxLimit) ?? defaultLimit)
    }
}
