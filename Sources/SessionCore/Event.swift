/// Something that happened to a session, a subject or a factor, published on the events exchange (contract §7).
package struct Event: Equatable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case created = "session.created"
        case refreshed = "session.refreshed"
        case elevated = "session.elevated"
        case reauthenticated = "session.reauthenticated"
        case updated = "session.updated"
        case transferred = "session.transferred"
        case locked = "session.locked"
        case unlocked = "session.unlocked"
        case revoked = "session.revoked"
        case expired = "session.expired"
        case evicted = "session.evicted"
        case limitReached = "session.limit.reached"
        case contextChanged = "session.context.changed"
        case suspicious = "session.suspicious"
        case tokenReused = "session.token.reused"
        case subjectDisabled = "subject.disabled"
        case subjectEnabled = "subject.enabled"
        case factorEnrolled = "factor.enrolled"
        case factorRemoved = "factor.removed"
        case factorRejected = "factor.rejected"
    }

    /// What some kinds of event state besides the session.
    package enum Detail: Equatable, Sendable {
        /// The original session of a transfer.
        case previousSession(SessionID)
        /// The level before an elevation.
        case previousLevel(Int)
        case contextChange(ContextChange)
        /// `id` is `nil` for recovery codes.
        case factor(id: String?, kind: String)
    }

    package let kind: Kind
    /// Stable: if the event is published twice, both copies have the same id.
    package let id: String
    package let at: Timestamp
    package let handle: SubjectHandle
    package let tenant: String
    package let subject: ExactText
    /// 1, 2, … for each tenant and subject.
    package let sequence: Int64
    /// `nil` if the event is not about a single session.
    package let session: Session?
    package let reason: String?
    package let detail: Detail?
    package let traceparent: String?
}

/// A context that differs, in something the rules compare, from the context that was last accepted.
package struct ContextChange: Equatable, Sendable {
    /// The rules that fired, in the contract's order.
    package let changed: [ContextRule]
    package let previous: ClientContext?
    package let current: ClientContext
    package let reaction: SessionPolicy.ContextRules.Reaction

    package init(
        changed: [ContextRule], previous: ClientContext?, current: ClientContext,
        reaction: SessionPolicy.ContextRules.Reaction
    ) {
        self.changed = changed
        self.previous = previous
        self.current = current
        self.reaction = reaction
    }
}

/// What a context rule compares (contract §8).
package enum ContextRule: String, Sendable, CaseIterable {
    case ip
    case network
    case country
    case asn
    case userAgent
    case fingerprint
    case travel
}

/// An entry of a session's activity log.
package struct ActivityEntry: Equatable, Sendable {
    package let at: Timestamp
    /// The type of the event.
    package let action: String
    /// Reason, device, context, level and actor, as far as they apply, as JSON.
    package let detail: JSONObject

    package init(at: Timestamp, action: String, detail: JSONObject) {
        self.at = at
        self.action = action
        self.detail = detail
    }
}
