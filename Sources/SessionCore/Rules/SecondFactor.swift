import SojournExtension

/// The result of verifying a code.
enum Verification {
    /// The code is right, and counts as these methods (RFC 8176).
    case right(methods: [ExactText])
    /// The code is wrong. The effects have to be stored.
    case wrong(RejectionWithEffect)
}

/// Why a code was rejected, as `factor.rejected` states it.
enum CodeFailure: String {
    case code
    case replayed
    /// The code was wrong, and was the last attempt before the lock.
    case locked
}

// Codes verified by Sojourn or by an extension's verifier (contract §3, `factor`).
extension SessionManager {
    /// The method that one of our own codes counts as (RFC 8176).
    static var codeMethod: ExactText { "otp" }

    /// The methods that a code of this kind counts as; `nil` if only its verifier knows.
    func methods(ofKind kind: String) -> [ExactText]? {
        FactorKind(rawValue: kind) == nil ? nil : [Self.codeMethod]
    }

    /// The rejection of a proof that would leave a session pending. No code is used up.
    static func insufficientProof(for level: Int) -> Stop {
        .rejected(
            .factorRejected, "this does not reach level \(level), which the session needs; no code was used up")
    }

    /// Verifies a code of the subject. A wrong code is counted and announced; too many in a row lock the factor.
    ///
    /// - Throws: `Stop.rejected` with `factor_not_found` or `factor_locked`, without any effect.
    func verify(
        _ proof: FactorProof, tenant: String, subject name: ExactText, session: Session? = nil,
        under mfa: SessionPolicy.SecondFactor, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Verification {
        let subject = transaction.aggregate.subject ?? Subject(tenant: tenant, name: name)
        let attempt: Attempt
        switch FactorKind(rawValue: proof.kind) {
        case .totp: attempt = try self.attempt(totp: proof.code, of: subject, under: mfa, now: transaction.now)
        case .recovery:
            attempt = try self.attempt(
                recovery: proof.code, of: subject, handle: transaction.aggregate.handle, under: mfa,
                now: transaction.now)
        case nil:
            guard let verifier = extensions.verifiers[proof.kind] else {
                throw .rejected(.factorNotFound, "there is no second factor of this kind")
            }
            let claim = FactorClaim(
                tenant: tenant, subject: name.text, caller: transaction.caller,
                session: session.map { SessionFacts($0, at: transaction.now) },
                lastCounter: subject.verifierStates[proof.kind]?.lastCounter,
                nowMilliseconds: transaction.now.milliseconds)
            attempt = try self.attempt(
                proof, with: verifier, claim: claim, of: subject, under: mfa, now: transaction.now)
        }
        transaction.changeSubject(tenant: tenant, name: name) { $0 = attempt.subject }
        guard let failure = attempt.failure else { return .right(methods: attempt.methods) }
        return .wrong(
            reject(
                failure, factor: attempt.factorID, kind: proof.kind, tenant: tenant, subject: name, session: session,
                in: &transaction))
    }

    /// Announces a rejected code, and returns the rejection.
    func reject(
        _ failure: CodeFailure, factor id: String?, kind: String, tenant: String, subject name: ExactText,
        session: Session? = nil, in transaction: inout SubjectTransaction
    ) -> RejectionWithEffect {
        transaction.announce(
            .factorRejected, tenant: tenant, subject: name, session: session, reason: failure.rawValue,
            detail: .factor(id: id, kind: kind))
        return RejectionWithEffect(.factorRejected, "the code is wrong or was used before")
    }

    /// Whether the authenticator produced this code, used or not.
    func isReplayed(_ code: Secret, of factor: Factor, at now: Timestamp) -> Bool {
        factors.matchingStep(of: code, secret: factor.secret, at: now, after: nil) != nil
    }

    /// The result of a code, before it is stored and announced.
    private struct Attempt {
        var subject: Subject
        var factorID: String?
        var failure: CodeFailure?
        /// The methods that a right code counts as.
        var methods = [SessionManager.codeMethod]
    }

    private func attempt(
        totp code: Secret, of subject: Subject, under mfa: SessionPolicy.SecondFactor, now: Timestamp
    ) throws(Stop) -> Attempt {
        let confirmed = subject.factors.indices.filter { subject.factors[$0].isConfirmed }
        guard !confirmed.isEmpty else { throw .rejected(.factorNotFound, "the subject has no authenticator") }
        let open = confirmed.filter { !subject.factors[$0].attempts.isLocked(at: now) }
        guard let first = open.first else { throw Self.locked }

        var attempt = Attempt(subject: subject, factorID: subject.factors[first].id)
        var isReplayed = false
        for index in open {
            let factor = subject.factors[index]
            if let step = factors.matchingStep(of: code, secret: factor.secret, at: now, after: factor.lastStep) {
                attempt.subject.factors[index].lastStep = step
                attempt.subject.factors[index].attempts.succeed()
                return attempt
            }
            isReplayed = isReplayed || self.isReplayed(code, of: factor, at: now)
        }
        var isLocked = false
        for index in open { isLocked = attempt.subject.factors[index].attempts.fail(under: mfa, at: now) || isLocked }
        attempt.failure = isLocked ? .locked : isReplayed ? .replayed : .code
        return attempt
    }

    private func attempt(
        recovery code: Secret, of subject: Subject, handle: SubjectHandle, under mfa: SessionPolicy.SecondFactor,
        now: Timestamp
    ) throws(Stop) -> Attempt {
        guard var recovery = subject.recovery, !recovery.digests.isEmpty else {
            throw .rejected(.factorNotFound, "the subject has no recovery code left")
        }
        guard !recovery.attempts.isLocked(at: now) else { throw Self.locked }
        var attempt = Attempt(subject: subject)
        // The digests are keyed hashes, so the time that a comparison takes reveals nothing about a code.
        if let used = recovery.digests.firstIndex(of: factors.recoveryDigest(of: code, for: handle)) {
            recovery.digests.remove(at: used)
            recovery.attempts.succeed()
        } else {
            attempt.failure = recovery.attempts.fail(under: mfa, at: now) ? .locked : .code
        }
        attempt.subject.recovery = recovery
        return attempt
    }

    private func attempt(
        _ proof: FactorProof, with verifier: any FactorVerifier, claim: FactorClaim, of subject: Subject,
        under mfa: SessionPolicy.SecondFactor, now: Timestamp
    ) throws(Stop) -> Attempt {
        var state = subject.verifierStates[proof.kind] ?? VerifierState()
        guard !state.attempts.isLocked(at: now) else { throw Self.locked }
        var attempt = Attempt(subject: subject)
        switch verifier.verify(proof.code.exposed, for: claim) {
        case .right(let methods, let counter) where isAbove(state.lastCounter, counter):
            attempt.methods = Extensions.bounded(methods: methods)
            state.lastCounter = counter ?? state.lastCounter
            state.attempts.succeed()
        case .right:
            attempt.failure = state.attempts.fail(under: mfa, at: now) ? .locked : .replayed
        case .wrong:
            attempt.failure = state.attempts.fail(under: mfa, at: now) ? .locked : .code
        }
        attempt.subject.verifierStates[proof.kind] = state == VerifierState() ? nil : state
        return attempt
    }

    /// Whether a code is newer than the last accepted one. A code without a counter may be used again.
    private func isAbove(_ last: Int64?, _ counter: Int64?) -> Bool {
        guard let last, let counter else { return true }
        return counter > last
    }

    static var locked: Stop {
        .rejected(.factorLocked, "too many wrong codes; try again later")
    }

    /// The kinds of factor that a subject can use, as far as known: only an extension's verifier knows who has one of
    /// its codes.
    func methods(of subject: Subject?) -> [String] {
        guard let subject else { return [] }
        var methods: [FactorKind] = []
        if subject.factors.contains(where: \.isConfirmed) { methods.append(.totp) }
        if subject.recovery?.digests.isEmpty == false { methods.append(.recovery) }
        return methods.map(\.rawValue)
    }
}
