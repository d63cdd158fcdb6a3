/// Compares the context in a command with the session's accepted context (contract §8). A field that either side lacks
/// is not compared: unknown is neither a match nor a difference, unless the policy requires the field.
struct ContextComparison {
    /// In kilometres. Anything nearer is the same place to `travel`, since locating an IP address is no more precise.
    private static let nearby = 50.0

    let rules: SessionPolicy.ContextRules
    let accepted: ClientContext
    let presented: ClientContext
    /// How long ago the accepted coordinates were last seen, in seconds.
    let elapsedSeconds: Double
    /// Whether it comes from another device by design, so that rules about the device do not apply.
    let isOtherDevice: Bool

    /// The rules that fire, and the strictest of their reactions.
    var change: (changed: [ContextRule], reaction: SessionPolicy.ContextRules.Reaction)? {
        let fired = ContextRule.allCases.filter { reaction(to: $0) != .off && (isMissing($0) || differs(in: $0)) }
        guard let strictest = fired.map(reaction).max(by: { $0.strictness < $1.strictness }) else { return nil }
        return (fired, strictest)
    }

    /// Whether rules fired only because required fields are missing.
    func isOnlyMissing(_ fired: [ContextRule]) -> Bool {
        fired.allSatisfy(isMissing)
    }

    private func isMissing(_ rule: ContextRule) -> Bool {
        guard !rules.require.isEmpty else { return false }
        return rule.fields.all.contains { rules.require.contains($0) && !presented.says($0) }
    }

    /// Whether it contains something that a rule compares and that was unknown.
    var teaches: Bool {
        ContextRule.allCases.contains { reaction(to: $0) != .off && teaches($0) }
    }

    private func reaction(to rule: ContextRule) -> SessionPolicy.ContextRules.Reaction {
        switch rule {
        case .ip: rules.ip
        case .network: rules.network
        case .country: rules.country
        case .asn: rules.asn
        case .userAgent: rules.userAgent
        case .fingerprint: rules.fingerprint
        case .travel: rules.travel
        }
    }

    private func differs(in rule: ContextRule) -> Bool {
        if isOtherDevice, rule.isAboutDevice { return false }
        return switch rule {
        case .ip: differ(accepted.ip, presented.ip) { IPNetwork.bytes(of: $0.text) == IPNetwork.bytes(of: $1.text) }
        case .network:
            differ(accepted.ip, presented.ip) { IPNetwork.prefix(of: $0.text) == IPNetwork.prefix(of: $1.text) }
        case .country: differ(accepted.country, presented.country, ==)
        case .asn: differ(accepted.asn, presented.asn, ==)
        case .userAgent: differ(accepted.userAgent, presented.userAgent, ==)
        case .fingerprint: differ(accepted.fingerprint, presented.fingerprint, ==)
        case .travel: differ(accepted.coordinates, presented.coordinates, isReachable)
        }
    }

    private func differ<Value>(_ accepted: Value?, _ presented: Value?, _ match: (Value, Value) -> Bool) -> Bool {
        guard let accepted, let presented else { return false }
        return !match(accepted, presented)
    }

    private func isReachable(from: ClientContext.Coordinates, to: ClientContext.Coordinates) -> Bool {
        let distance = from.kilometres(to: to)
        return distance <= Self.nearby || distance * 3600 <= Double(rules.maxTravelKmh) * elapsedSeconds
    }

    private func teaches(_ rule: ContextRule) -> Bool {
        switch rule {
        case .ip, .network: accepted.ip == nil && presented.ip != nil
        case .country: accepted.country == nil && presented.country != nil
        case .asn: accepted.asn == nil && presented.asn != nil
        case .userAgent: accepted.userAgent == nil && presented.userAgent != nil
        case .fingerprint: accepted.fingerprint == nil && presented.fingerprint != nil
        case .travel: accepted.coordinates == nil && presented.coordinates != nil
        }
    }
}

extension SessionPolicy.ContextRules.Reaction {
    var strictness: Int {
        switch self {
        case .off: 0
        case .notify: 1
        case .elevate: 2
        case .lock: 3
        case .revoke: 4
        }
    }
}
