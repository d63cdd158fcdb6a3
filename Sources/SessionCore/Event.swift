/// Something that happened in a session's life, as it is announced on the events exchange (contract §7).
package struct Event: Equatable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case created = "session.created"
        case refreshed = "session.refreshed"
        case revoked = "session.revoked"
        case expired = "session.expired"
        case evicted = "session.evicted"
        case limitReached = "session.limit.reached"
        case tokenReused = "session.token.reused"
    }

    package let kind: Kind
    /// Stable: the same event published twice has the same id.
    package let id: String
    package let at: Timestamp
    package let handle: SubjectHandle
    package let tenant: String
    package let subject: String
    /// 1, 2, … per tenant and subject.
    package let sequence: Int64
    /// The session it is about; `nil` where no one session is meant.
    package let session: Session?
    package let reason: String?
    package let traceparent: String?
}
