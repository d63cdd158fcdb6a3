import SojournExtension

/// Requires two factors in every session of some tenants, whatever their policies say, and annotates the result with
/// the reason.
struct SecondFactorForTenants: SessionRule {
    let tenants: Set<String>

    func before(_ attempt: SessionAttempt) throws(SessionRefusal) -> SessionTerms {
        guard tenants.contains(attempt.tenant) else { return .nothing }
        return SessionTerms(level: 2, annotations: ["levelRequiredBy": "tenant"])
    }
}
