package import SessionCore

extension ElevateSession: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> ElevateSession {
        let token = try body.required("token", try body.token("token", as: .session, by: reader.tokens))
        let proof: Proof
        switch (try body.factor(of: reader.factorKinds), try body.authentication()) {
        case (let factor?, nil): proof = .factor(factor)
        case (nil, let authentication?): proof = .authentication(authentication)
        case (nil, nil):
            throw body.missing("factor", "authentication", because: "one of factor and authentication is required")
        case (.some, .some): throw body.failure("authentication", "cannot be combined with factor")
        }
        return ElevateSession(token: token, proof: proof, context: try body.context())
    }
}
