package import SessionCore

extension ValidateSession: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> ValidateSession {
        let token = try body.required("token", try body.tokenOrAccessToken("token", by: reader.tokens))
        let requirement = try body.nested("require") { require throws(Failure) in
            Requirement(
                level: try require.integer("level", in: 1...3),
                maxAuthenticationAgeSeconds: try require.seconds("maxAuthenticationAgeSeconds"))
        }
        return ValidateSession(
            token: token, context: try body.context(), requirement: requirement ?? Requirement(),
            touch: try body.boolean("touch") ?? true)
    }
}
