package import SessionCore

extension ReauthenticateSession: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> ReauthenticateSession {
        let token: TokenReference
        switch (
            try body.token("token", as: .session, by: reader.tokens),
            try body.token("refreshToken", as: .refresh, by: reader.tokens)
        ) {
        case (let session?, nil): token = session
        case (nil, let refresh?): token = refresh
        case (nil, nil):
            throw body.missing("token", "refreshToken", because: "one of token and refreshToken is required")
        case (.some, .some): throw body.failure("refreshToken", "cannot be combined with token")
        }
        return ReauthenticateSession(
            token: token, authentication: try body.required("authentication", try body.authentication()),
            context: try body.context())
    }
}
