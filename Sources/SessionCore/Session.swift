/// One session: a subject that is signed in somewhere, limited by an idle and an absolute deadline.
package struct Session: Equatable, Sendable {
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

    package init(
        id: SessionID, tenant: String, subject: ExactText, policy: ExactText, createdAt: Timestamp, idleSeconds: Int,
        expiresAt: Timestamp, actor: ExactText?, status: SessionStatus, parentID: SessionID? = nil,
        assurance: Assurance,
        authenticatedAt: Timestamp?, device: Device?, context: ClientContext?, attributes: JSONObject,
        lastActiveAt: Timestamp, generation: Int, credentials: SessionCredentials, pendingUntil: Timestamp? = nil,
        lock: SessionLock? = nil, placedAt: Timestamp? = nil, suspects: [ClientContext] = [],
        ticket: TransferTicket? = nil, ending: SessionEnding? = nil, line: [ListPlace.Step] = [],
        knownRevocation: Timestamp? = nil, isCreationImplied: Bool = false
    ) {
        self.id = id
        self.tenant = tenant
        self.subject = subject
        self.policy = policy
        self.createdAt = createdAt
        granted = SessionLifetime(idleSeconds: idleSeconds, expiresAt: expiresAt)
        self.actor = actor
        self.status = status
        self.parentID = parentID
        self.assurance = assurance
        self.authenticatedAt = authenticatedAt
        self.device = device
        self.context = context
        self.attributes = attributes
        self.lastActiveAt = lastActiveAt
        self.generation = generation
        self.credentials = credentials
        self.pendingUntil = pendingUntil
        self.lock = lock
        self.placedAt = placedAt
        self.suspects = suspects
        self.ticket = ticket
        self.ending = ending
        self.line = line
        self.knownRevocation = knownRevocation
        self.isCreationImplied = isCreationImplied
    }
}

extension Session {
    /// The idle lifetime in seconds.
    package var idleSeconds: Int { cap?.idleSeconds ?? granted.idleSeconds }

    /// The absolute deadline.
    package var expiresAt: Timestamp { cap?.expiresAt ?? granted.expiresAt }

    /// The idle deadline: never after `expiresAt`, and never after `pendingUntil` while the session is pending.
    package var idleExpiresAt: Timestamp {
        let idle = min(lastActiveAt.adding(seconds: idleSeconds), expiresAt)
        guard let pendingUntil else { return idle }
        return min(idle, pendingUntil)
    }

    /// Whether it still needs its second factor, locked or not.
    package var waitsForFactor: Bool { status.isLiving && pendingUntil != nil }

    /// Why this session has expired by `now`, if it has, according to its earliest deadline.
    package func expiry(at now: Timestamp) -> EndReason? {
        let end = idleExpiresAt
        guard status.isLiving, now >= end else { return nil }
        if end == expiresAt { return .expiredAbsolute }
        // Whichever deadline it was: a session that never showed its second factor cannot be resumed.
        return pendingUntil == nil ? .expiredIdle : .expiredPending
    }

    /// Whether both sessions imply the same entry of their creation. (The actor never changes.)
    func impliesCreation(of other: Session) -> Bool {
        context == other.context && device == other.device && assurance == other.assurance
    }

    /// When this session needs attention again: to expire or to be forgotten.
    package var nextDeadline: Timestamp {
        ending?.forgottenAt ?? idleExpiresAt
    }

    /// When the last access token of this session expires, if one may still be valid at `now`.
    package func accessTokensExpireAt(after now: Timestamp) -> Timestamp? {
        credentials.accessExpiresAt.flatMap { $0 > now ? $0 : nil }
    }
}
