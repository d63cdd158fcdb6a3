import SessionCore

/// Objects that several messages share (contract §3).
extension JSONWriter {
    /// Writes a session's state at `now` as an object.
    mutating func member(_ key: StaticString, _ session: Session, at now: Timestamp) {
        object(key) { $0.members(of: session, at: now) }
    }

    /// Writes a session's state at `now`.
    mutating func members(of session: Session, at now: Timestamp) {
        member("id", session.id.text)
        member("tenant", session.tenant)
        member("subject", session.subject)
        member("status", session.status.rawValue)
        member("policy", session.policy)
        member("level", session.assurance.level(at: now))
        member("methods", session.assurance.methods(at: now))
        member("authenticatedAt", session.authenticatedAt)
        members(of: session.device, session.context)
        member("createdAt", session.createdAt)
        member("lastActiveAt", session.lastActiveAt)
        member("idleExpiresAt", session.idleExpiresAt)
        member("expiresAt", session.expiresAt)
        member("parentId", session.parentID?.text)
        member("actor", session.actor)
        member("attributes", session.attributes)
        member("generation", session.generation)
        member("endedAt", session.ending?.at)
        member("endReason", session.ending?.reason.word)
    }

    mutating func members(of device: Device?, _ context: ClientContext?) {
        if let device {
            object("device") { json in
                json.member("id", device.id)
                json.member("name", device.name)
                json.member("platform", device.platform)
                json.member("fingerprint", device.fingerprint)
            }
        }
        members(of: context, as: "context")
    }

    mutating func members(of context: ClientContext?, as key: StaticString) {
        if let context {
            object(key) { json in
                json.member("ip", context.ip)
                json.member("userAgent", context.userAgent)
                json.member("fingerprint", context.fingerprint)
                json.member("country", context.country)
                json.member("region", context.region)
                json.member("city", context.city)
                json.member("latitude", (context.coordinates?.latitude).map(JSONValue.number))
                json.member("longitude", (context.coordinates?.longitude).map(JSONValue.number))
                json.member("asn", context.asn.map(JSONValue.integer))
            }
        }
    }

    mutating func members(of tokens: IssuedTokens) {
        member("session", tokens.session?.exposed)
        member("refresh", tokens.refresh?.exposed)
        member("access", tokens.access?.exposed)
        member("accessExpiresAt", tokens.access == nil ? nil : tokens.accessClaims?.expiresAt)
        member("refreshExpiresAt", tokens.refreshExpiresAt)
    }

    mutating func members(of factor: Factor) {
        member("id", factor.id)
        member("type", FactorKind.totp.rawValue)
        member("label", factor.label)
        member("confirmed", factor.isConfirmed)
        member("createdAt", factor.createdAt)
    }
}

extension JSONValue {
    /// A finite number in its shortest form.
    fileprivate static func number(_ value: Double) -> JSONValue {
        Int64(exactly: value).map(JSONValue.integer) ?? .decimal("\(value)")
    }
}
