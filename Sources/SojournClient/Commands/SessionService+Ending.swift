extension SessionService {
    /// Ends sessions (`session.revoke`). Once it has returned, no worker takes them for valid.
    ///
    /// - Parameters:
    ///   - target: which sessions.
    ///   - cascade: whether children end too; otherwise they move up to their grandparent. It is of no account with a subject, and
    ///     `false` is refused (`invalidField`) with ``RevocationTarget/everything(_:)``.
    ///   - reason: up to 64 of `a-z 0-9 _`; it becomes their `endReason`.
    ///   - options: what applies to any command.
    /// - Returns: what has ended: nothing if the session is unknown or has already ended.
    public func revoke(
        _ target: RevocationTarget, cascade: Bool = true, reason: String? = nil,
        options: CommandOptions = CommandOptions()
    ) async throws -> Revocation {
        var body: CommandBody = ["reason": reason, "cascade": cascade ? nil : false]
        switch target {
        case .token(let token): body["token"] = token
        case .session(let id): body["sessionId"] = id
        case .subject(let subject, let spared):
            body["subject"] = subject
            body["except"] = spared
        case .everything(let filter):
            body["all"] = true
            body["begunBefore"] = filter.begunBefore
            body["deviceId"] = filter.deviceID
            body["policy"] = filter.policy
            body["network"] = filter.network
        }
        return try await result(of: "session.revoke", body, options)
    }

    /// Locks sessions (`session.lock`): they are not valid until they are unlocked.
    ///
    /// - Returns: the ids of those that this has locked, children included.
    @discardableResult
    public func lock(
        _ target: LockTarget, reason: String? = nil, options: CommandOptions = CommandOptions()
    ) async throws -> [String] {
        try await change(target, "session.lock", reason, options)
    }

    /// Unlocks sessions (`session.unlock`).
    ///
    /// - Returns: the ids of those that this has unlocked, children included.
    @discardableResult
    public func unlock(
        _ target: LockTarget, reason: String? = nil, options: CommandOptions = CommandOptions()
    ) async throws -> [String] {
        try await change(target, "session.unlock", reason, options)
    }

    /// Disables a subject (`subject.disable`): all its sessions end, and none begins until it is enabled.
    ///
    /// - Returns: the ids of the sessions that have ended.
    @discardableResult
    public func disableSubject(
        _ subject: String, reason: String? = nil, options: CommandOptions = CommandOptions()
    ) async throws -> [String] {
        try await result(
            of: "subject.disable", ["subject": subject, "reason": reason], options, as: RevokedData.self
        ).revoked
    }

    /// Enables a subject (`subject.enable`).
    public func enableSubject(
        _ subject: String, reason: String? = nil, options: CommandOptions = CommandOptions()
    ) async throws {
        _ = try await result(
            of: "subject.enable", ["subject": subject, "reason": reason], options, as: RevokedData.self)
    }

    private func change(
        _ target: LockTarget, _ command: String, _ reason: String?, _ options: CommandOptions
    ) async throws -> [String] {
        var body: CommandBody = ["reason": reason]
        switch target {
        case .session(let id): body["sessionId"] = id
        case .subject(let subject): body["subject"] = subject
        }
        return try await result(of: command, body, options, as: ChangedData.self).sessions
    }
}
