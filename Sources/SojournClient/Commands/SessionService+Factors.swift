extension SessionService {
    /// Begins to enrol an authenticator app (`factor.enroll`). It counts once ``confirmFactor(_:of:code:options:)`` has succeeded.
    ///
    /// - Parameters:
    ///   - subject: whose app it is.
    ///   - type: the kind of code that it makes.
    ///   - label: the name that the user sees, such as “Alice's phone”.
    ///   - issuer: the name of your service in the app.
    ///   - options: what applies to any command.
    public func enrollFactor(
        for subject: String, type: FactorType = .totp, label: String? = nil, issuer: String? = nil,
        options: CommandOptions = CommandOptions()
    ) async throws -> FactorEnrollment {
        try await result(
            of: "factor.enroll", ["subject": subject, "type": type, "label": label, "issuer": issuer], options)
    }

    /// Confirms an enrolment with a first code from the app (`factor.confirm`).
    ///
    /// - Throws: ``SojournError``: `factorRejected`, `factorLocked`, `factorNotFound`.
    @discardableResult
    public func confirmFactor(
        _ factorID: String, of subject: String, code: String, options: CommandOptions = CommandOptions()
    ) async throws -> Factor {
        try await result(
            of: "factor.confirm", ["subject": subject, "factorId": factorID, "code": code], options,
            as: FactorData.self
        ).factor
    }

    /// Removes a factor (`factor.remove`).
    ///
    /// - Returns: the factor as it was.
    @discardableResult
    public func removeFactor(
        _ factorID: String, of subject: String, options: CommandOptions = CommandOptions()
    ) async throws -> Factor {
        try await result(
            of: "factor.remove", ["subject": subject, "factorId": factorID], options, as: FactorData.self
        ).factor
    }

    /// A subject's factors, oldest first (`factor.list`).
    public func factors(of subject: String, options: CommandOptions = CommandOptions()) async throws -> [Factor] {
        try await result(of: "factor.list", ["subject": subject], options, as: FactorsData.self).factors
    }
}
