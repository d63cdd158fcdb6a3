import SojournExtension

/// Notes in the result of a validate that the user is in another country than the session last was.
struct CountryNote: SessionRule {
    func after(_ decision: SessionDecision) throws(SessionRefusal) -> [String: String] {
        guard decision.attempt.command == "session.validate",
            let before = decision.attempt.session?.context?.country,
            let now = decision.attempt.context?.country, now != before
        else { return [:] }
        return ["countryBefore": before, "countryNow": now]
    }
}
