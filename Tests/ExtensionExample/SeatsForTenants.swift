import SojournExtension

/// Lets no session begin in these tenants that another one would have to give way for: known only once it was decided.
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
