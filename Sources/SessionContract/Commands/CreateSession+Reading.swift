package import SessionCore

extension CreateSession: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> CreateSession {
        CreateSession(
            subject: try body.subject(),
            policy: try body.exactText("policy", length: 1...64) ?? SessionPolicy.defaultName,
            device: try body.device(), context: try body.context(), authentication: try body.authentication(),
            factor: try body.factor(of: reader.factorKinds),
            parent: try body.string("parentId", length: 1...128).map { .init(id: SessionID($0)) },
            actor: try body.exactText("actor", length: 1...256), attributes: try body.attributes() ?? [:],
            idleSeconds: try body.seconds("idleSeconds"), absoluteSeconds: try body.seconds("absoluteSeconds"))
    }
}
