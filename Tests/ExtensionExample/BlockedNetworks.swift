import SojournExtension

/// Refuses whatever comes from a network that is blocked. What brings no context, such as a revocation, goes on.
struct BlockedNetworks: SessionRule {
    /// How the addresses of a blocked network begin, in the form in which callers write them.
    let prefixes: [String]

    func before(_ attempt: SessionAttempt) throws(SessionRefusal) -> SessionTerms {
        if let ip = attempt.context?.ip, prefixes.contains(where: ip.hasPrefix) {
            throw SessionRefusal("sessions are not served to this network")
        }
        return .nothing
    }
}
