import SojournExtension

/// Refuses every command from a blocked network. Commands without a context, such as a revocation, are allowed.
struct BlockedNetworks: SessionRule {
    /// Prefixes of the addresses of blocked networks, in the form in which callers write them.
    let prefixes: [String]

    func before(_ attempt: SessionAttempt) throws(SessionRefusal) -> SessionTerms {
        if let ip = attempt.context?.ip, prefixes.contains(where: ip.hasPrefix) {
            throw SessionRefusal("sessions are not served to this network")
        }
        return .nothing
    }
}
