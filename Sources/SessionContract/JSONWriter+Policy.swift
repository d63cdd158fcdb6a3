package import SessionCore

extension JSONWriter {
    /// Writes a policy with all its keys, as `PolicyReader` parses it.
    package mutating func members(of policy: SessionPolicy) {
        member("idleSeconds", policy.idleSeconds)
        member("absoluteSeconds", policy.absoluteSeconds)
        member("touchIntervalSeconds", policy.touchIntervalSeconds)
        member("accessTokenSeconds", policy.accessTokenSeconds)
        member("refreshSeconds", policy.refreshSeconds)
        member("refreshGraceSeconds", policy.refreshGraceSeconds)
        member("maxSessions", policy.maxSessions)
        member("onLimit", policy.onLimit.rawValue)
        object("mfa") { json in
            json.member("required", policy.mfa.required.rawValue)
            json.member("pendingSeconds", policy.mfa.pendingSeconds)
            json.member("maxAttempts", policy.mfa.maxAttempts)
            json.member("lockSeconds", policy.mfa.lockSeconds)
            json.member("validSeconds", policy.mfa.validSeconds)
        }
        object("context") { json in
            json.member("ip", policy.context.ip.rawValue)
            json.member("network", policy.context.network.rawValue)
            json.member("country", policy.context.country.rawValue)
            json.member("asn", policy.context.asn.rawValue)
            json.member("userAgent", policy.context.userAgent.rawValue)
            json.member("fingerprint", policy.context.fingerprint.rawValue)
            json.member("travel", policy.context.travel.rawValue)
            json.member("maxTravelKmh", policy.context.maxTravelKmh)
            json.member("require", policy.context.require.all.map(\.rawValue))
        }
        member("reauthenticationWindowSeconds", policy.reauthenticationWindowSeconds)
        member("transferSeconds", policy.transferSeconds)
        member("maxDepth", policy.maxDepth)
        member("maxChildren", policy.maxChildren)
        member("endedSeconds", policy.endedSeconds)
    }
}
