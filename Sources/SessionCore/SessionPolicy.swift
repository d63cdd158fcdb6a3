/// The rules that govern one kind of session (contract §8). Numbers are at least 1, unless 0 has a meaning.
package struct SessionPolicy: Hashable, Sendable {
    package static let defaultName: ExactText = "default"

    /// Idle lifetime.
    package var idleSeconds = 1800
    /// Absolute lifetime.
    package var absoluteSeconds = 43200
    /// How often activity is written; never less often than every tenth of the idle lifetime.
    package var touchIntervalSeconds = 60
    package var accessTokenSeconds = 300
    package var refreshSeconds = 43200
    /// How long a replaced refresh token may be used once more; 0 = not at all, at most 300.
    package var refreshGraceSeconds = 30
    /// Per tenant, subject and policy; 0 = no limit.
    package var maxSessions = 5
    package var onLimit = LimitStrategy.evictLeastRecentlyActive
    package var mfa = SecondFactor()
    package var context = ContextRules()
    /// How long a session can be resumed after idle expiry; 0 = not at all.
    package var reauthenticationWindowSeconds = 3600
    package var transferSeconds = 60
    /// Levels below a root session; 0 = none.
    package var maxDepth = 4
    /// Direct children of one session; 0 = none.
    package var maxChildren = 32
    /// How long the tokens of an ended session are still answered with the reason.
    package var endedSeconds = 86400

    package init() {}

    package enum LimitStrategy: String, Sendable, CaseIterable {
        case evictLeastRecentlyActive
        case evictOldest
        case reject
    }

    package struct SecondFactor: Hashable, Sendable {
        package var required = Requirement.never
        package var pendingSeconds = 300
        package var maxAttempts = 5
        package var lockSeconds = 900
        package var validSeconds = 43200

        package init() {}

        package enum Requirement: String, Sendable, CaseIterable {
            case never
            case always
            case onRisk
        }
    }

    package struct ContextRules: Hashable, Sendable {
        package var ip = Reaction.off
        package var network = Reaction.off
        package var country = Reaction.off
        package var asn = Reaction.off
        package var userAgent = Reaction.off
        package var fingerprint = Reaction.off
        package var travel = Reaction.off
        package var maxTravelKmh = 900
        /// Fields that every command with a token must have. A missing one counts as a change.
        package var require: ContextFields = []

        package init() {}

        /// Whether any rule compares places.
        var looksAtPlace: Bool { country != .off || asn != .off || travel != .off }

        package enum Reaction: String, Sendable, CaseIterable {
            case off
            case notify
            case elevate
            case lock
            case revoke
        }
    }

    /// How much activity may remain unwritten for a session with this idle lifetime, in milliseconds. The idle deadline
    /// may come early by this much, never late.
    package func touchIntervalMilliseconds(idleSeconds: Int) -> Int64 {
        min(Int64(touchIntervalSeconds) * 1000, Int64(idleSeconds) * 100)
    }
}

/// The policies in force: the installation's, by name, overridden by those that tenants set for themselves. The policy
/// `default` always exists.
package struct PolicyCatalogue: Hashable, Sendable {
    private var policies: [ExactText: SessionPolicy]
    /// The installation's `default`, which most sessions have: a look-up by name takes six times as long as comparing it.
    private let standard: SessionPolicy
    private var put: [PolicyName: SessionPolicy]

    package init(_ policies: [ExactText: SessionPolicy] = [:], put: [PolicyName: SessionPolicy] = [:]) {
        standard = policies[SessionPolicy.defaultName] ?? SessionPolicy()
        self.policies = policies
        self.policies[SessionPolicy.defaultName] = standard
        self.put = put
    }

    package subscript(name: ExactText, tenant tenant: String) -> SessionPolicy? {
        if !put.isEmpty, let own = put[PolicyName(tenant: tenant, name: name)] { return own }
        return name == SessionPolicy.defaultName ? standard : policies[name]
    }

    /// This catalogue with other tenant policies.
    package func with(put: [PolicyName: SessionPolicy]) -> PolicyCatalogue {
        PolicyCatalogue(policies, put: put)
    }

    /// All policies that a tenant's sessions may use, sorted by name.
    package func all(of tenant: String) -> [(name: ExactText, policy: SessionPolicy)] {
        var all = policies
        for (name, policy) in put where name.tenant == tenant { all[name.name] = policy }
        return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The policy that governs a session: the one it was created under or, if that is gone, the default.
    package func governing(_ session: Session) -> SessionPolicy {
        guard
            let policy = self[session.policy, tenant: session.tenant]
                ?? self[SessionPolicy.defaultName, tenant: session.tenant]
        else { preconditionFailure("the default policy always exists") }
        return policy
    }
}
