/// What there is to know about a session, see `Session`.
@usableFromInline
package struct SessionFields: Equatable, Sendable {
    package let id: SessionID
    /// ASCII, like every tenant, so comparing it as a `String` compares its bytes.
    package let tenant: String
    package let subject: ExactText
    /// The name of the policy it was created under.
    package let policy: ExactText
    package let createdAt: Timestamp
    /// The lifetime it was given when it began.
    package let granted: SessionLifetime
    /// The shorter lifetime, if the policy in force now allows less. Derived for every decision, never stored.
    package internal(set) var cap: SessionLifetime?
    /// Who acts in the session on the subject's behalf, if anyone does.
    package let actor: ExactText?

    package var status: SessionStatus
    package var parentID: SessionID?
    package var assurance: Assurance
    package var authenticatedAt: Timestamp?
    package var device: Device?
    /// The last accepted context.
    package var context: ClientContext?
    package var attributes: JSONObject
    /// When activity was last written. May lag behind by the policy's touch interval.
    package var lastActiveAt: Timestamp
    /// 1, plus one for every rotation of its tokens.
    package var generation: Int
    package var credentials: SessionCredentials
    /// When its time to show the second factor runs out. Set while it is pending, and kept if it was pending when it
    /// was locked or ended.
    package var pendingUntil: Timestamp?
    package var lock: SessionLock?
    /// When coordinates were last accepted: the start of the interval that `travel` measures.
    package var placedAt: Timestamp?
    /// The latest contexts that were rejected and announced.
    package var suspects: [ClientContext]
    /// The ticket that moves it to another device.
    package var ticket: TransferTicket?
    package var ending: SessionEnding?
    /// Its ancestors' part of its list position, if that can no longer be derived from the tree; empty otherwise.
    package var line: [ListPlace.Step]
    /// The latest mass revocation that it had seen when it began. That one and all earlier ones do not affect it.
    package var knownRevocation: Timestamp?
    /// Whether its activity log is empty, and the entry of its creation follows from the session itself. It is stored once
    /// there is another entry, or something changes that it follows from; many sessions end before that.
    package var isCreationImplied: Bool
    /// What a later version appended to the record: stored again as it is.
    package var laterFields: [UInt8]
}
