import SojournExtension

/// In these tenants, refuses to create a session that would evict another one. That is known only after the decision.
struct SeatsForTenants: SessionRule {
    let tenants: Set<String>

    func after(_ decision: SessionDecision) throws(SessionRefusal) -> [String: String] {
        let attempt = decision.attempt
        if attempt.command == "session.create", tenants.contains(attempt.tenant), !decision.affected.isEmpty {
            throw SessionRefusal("all seats are taken")
        }
        return [:]
    }
}
