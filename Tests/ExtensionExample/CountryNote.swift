import SojournExtension

/// Annotates the result of a validate when the user's country differs from the session's last one.
struct CountryNote: SessionRule {
    func after(_ decision: SessionDecision) throws(SessionRefusal) -> [String: String] {
        guard decision.attempt.command == "session.validate",
            let before = decision.attempt.session?.context?.country,
            let now = decision.attempt.context?.country, now != before
        else { return [:] }
        return ["countryBefore": before, "countryNow": now]
    }
}
