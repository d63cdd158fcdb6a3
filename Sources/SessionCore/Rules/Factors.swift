// Managing second factors (contract §3, `factor.*`).
extension SessionManager {
    /// Authenticators per subject.
    private static var maxFactors: Int { 10 }
    private static var recoveryCodes: Int { 10 }
    /// RFC 4226, section 4, requires at least 16 bytes and recommends 20.
    private static var secretLength: Int { 20 }

    /// Creates an authenticator's secret. It counts for nothing until it is confirmed.
    func enroll(
        _ enroll: EnrollFactor, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        let kept = (transaction.aggregate.subject?.factors ?? []).filter(\.isConfirmed)
        guard kept.count < Self.maxFactors else {
            throw .rejected(.limitReached, "\(Self.maxFactors) of \(Self.maxFactors) factors are in use")
        }
        let codes = (0..<Self.recoveryCodes).map { _ in
            factors.recoveryCode(from: transaction.makeEntropy(count: factors.recoveryEntropy))
        }
        let handle = transaction.aggregate.handle
        let factor = Factor(
            id: transaction.makeName(length: 24, prefix: "fac_"), label: enroll.label, issuer: enroll.issuer,
            createdAt: transaction.now, secret: transaction.makeEntropy(count: Self.secretLength),
            unconfirmedRecovery: codes.map { factors.recoveryDigest(of: $0, for: handle) })
        transaction.changeSubject(tenant: tenant, name: enroll.subject) { $0.factors = kept + [factor] }
        return .granted(
            .enrolled(
                Enrolment(
                    factorID: factor.id, secret: factors.text(ofSecret: factor.secret),
                    uri: factors.uri(ofSecret: factor.secret, label: factor.label, issuer: factor.issuer),
                    recoveryCodes: codes)))
    }

    /// Activates an authenticator that produced the right code, and the recovery codes issued with it.
    func confirm(
        _ confirm: ConfirmFactor, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        let (index, known) = try factor(confirm.factorID, in: transaction)
        var factor = known
        guard !factor.attempts.isLocked(at: transaction.now) else { throw Self.locked }
        let mfa = (transaction.policies[SessionPolicy.defaultName, tenant: tenant] ?? SessionPolicy()).mfa
        let step = factors.matchingStep(
            of: confirm.code, secret: factor.secret, at: transaction.now, after: factor.lastStep)
        guard let step else {
            let isLocked = factor.attempts.fail(under: mfa, at: transaction.now)
            let isReplayed = isReplayed(confirm.code, of: factor, at: transaction.now)
            transaction.changeSubject(tenant: tenant, name: confirm.subject) { $0.factors[index] = factor }
            return .rejected(
                reject(
                    isLocked ? .locked : isReplayed ? .replayed : .code, factor: factor.id,
                    kind: FactorKind.totp.rawValue, tenant: tenant, subject: confirm.subject, in: &transaction))
        }
        let isNew = !factor.isConfirmed
        factor.isConfirmed = true
        factor.lastStep = step
        factor.attempts.succeed()
        let recovery = factor.unconfirmedRecovery
        factor.unconfirmedRecovery = []
        transaction.changeSubject(tenant: tenant, name: confirm.subject) { subject in
            subject.factors[index] = factor
            if isNew { subject.recovery = RecoveryCodes(digests: recovery) }
        }
        if isNew {
            transaction.announce(
                .factorEnrolled, tenant: tenant, subject: confirm.subject,
                detail: .factor(id: factor.id, kind: FactorKind.totp.rawValue))
        }
        return .granted(.factor(factor))
    }

    /// Removes an authenticator. Removing the last one removes the recovery codes.
    func remove(
        _ remove: RemoveFactor, tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        let (index, factor) = try factor(remove.factorID, in: transaction)
        transaction.changeSubject(tenant: tenant, name: remove.subject) { subject in
            subject.factors.remove(at: index)
            if !subject.factors.contains(where: \.isConfirmed) { subject.recovery = nil }
        }
        if factor.isConfirmed {
            transaction.announce(
                .factorRemoved, tenant: tenant, subject: remove.subject,
                detail: .factor(id: factor.id, kind: FactorKind.totp.rawValue))
        }
        return .granted(.factor(factor))
    }

    func listFactors(in transaction: SubjectTransaction) -> Decision {
        .granted(.factors(transaction.aggregate.subject?.factors ?? []))
    }

    private func factor(
        _ id: String, in transaction: SubjectTransaction
    ) throws(Stop) -> (index: Int, Factor) {
        let factors = transaction.aggregate.subject?.factors ?? []
        guard let index = factors.firstIndex(where: { $0.id == id }) else {
            throw .rejected(.factorNotFound, "the subject has no factor with this id")
        }
        return (index, factors[index])
    }
}
