package import SessionCore

extension EnrollFactor: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> EnrollFactor {
        let subject = try body.subject()
        guard try body.required("type", length: 0...64).isExactly(FactorKind.totp.rawValue) else {
            throw body.failure("type", "must be totp")
        }
        return EnrollFactor(
            subject: subject, label: try body.string("label", length: 1...128) ?? defaultLabel,
            issuer: try body.string("issuer", length: 1...128) ?? defaultIssuer)
    }
}

extension ConfirmFactor: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> ConfirmFactor {
        ConfirmFactor(
            subject: try body.subject(), factorID: try body.required("factorId", length: 1...128),
            code: Secret(try body.required("code", length: 1...64)))
    }
}

extension RemoveFactor: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> RemoveFactor {
        RemoveFactor(subject: try body.subject(), factorID: try body.required("factorId", length: 1...128))
    }
}

extension ListFactors: ReadableCommand {
    package static func read(
        from body: inout ObjectReader, tenant: String, by reader: CommandReader
    ) throws(Failure) -> ListFactors {
        ListFactors(subject: try body.subject())
    }
}
