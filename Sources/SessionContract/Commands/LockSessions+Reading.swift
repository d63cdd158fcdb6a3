package import SessionCore

extension LockSessions: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> LockSessions {
        LockSessions(target: try Target(from: &body), reason: try body.reason())
    }
}

extension UnlockSessions: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> UnlockSessions {
        UnlockSessions(target: try LockSessions.Target(from: &body), reason: try body.reason())
    }
}

extension LockSessions.Target {
    /// Exactly one of `sessionId` and `subject`.
    fileprivate init(from body: inout ObjectReader) throws(Failure) {
        switch (try body.string("sessionId", length: 1...128), try body.exactText("subject", length: 1...256)) {
        case (let id?, nil): self = .session(SessionID(id))
        case (nil, let subject?): self = .subject(subject)
        case (nil, nil):
            throw body.missing("sessionId", "subject", because: "one of sessionId and subject is required")
        case (.some, .some): throw body.failure("subject", "cannot be combined with sessionId")
        }
    }
}
