/// One session: a subject that is signed in somewhere, for as long as two deadlines and nobody's veto allow.
package struct Session: Equatable, Sendable {
    package let id: SessionID
    /// ASCII, as every tenant is: to compare it as a `String` is to compare its bytes.
    package let tenant: String
    package let subject: ExactText
    /// The name of the policy it was created under.
    package let policy: ExactText
    package let createdAt: Timestamp
    /// How long it was to live when it began.
    package let granted: SessionLifetime
    /// What the policy in force leaves of that, where it leaves less; found anew for every decision, and stored nowhere.
    package internal(set) var cap: SessionLifetime?
    /// On whose behalf somebody else acts in it, if anybody does.
    package let actor: ExactText?

    package var status: SessionStatus
    package var parentID: SessionID?
    package var assurance: Assurance
    package var authenticatedAt: Timestamp?
    package var device: Device?
    /// The context that was last accepted.
    package var context: ClientContext?
    package var attributes: JSONObject
    /// When activity was last written; it may lag behind the truth by the policy's touch interval.
    package var lastActiveAt: Timestamp
    /// 1, and one more with every rotation of its tokens.
    package var generation: Int
    package var credentials: SessionCredentials
    /// Until when it waits for its second factor; `nil` unless it does, or did when it was locked or
    /// ended.
    package var pendingUntil: Timestamp?
    package var lock: SessionLock?
    /// When coordinates of its context were last seen: what travel is measured from.
    package var placedAt: Timestamp?
    /// Contexts that were not accepted and are told of already; the latest few.
    package var suspects: [ClientContext]
    /// The ticket that moves it to another device.
    package var ticket: TransferTicket?
    package var ending: SessionEnding?
    /// The line of its place in lists, where that does not follow from the sessions above it any more; empty where it does.
    package var line: [ListPlace.Step]
    /// The latest mass revocation that it began with the knowledge of: this one and those before are not about it.
    package var knownRevocation: Timestamp?

    package init(
        id: SessionID, tenant: String, subject: ExactText, policy: ExactText, createdAt: Timestamp, idleSeconds: Int,
        expiresAt: Timestamp, actor: ExactText?, status: SessionStatus, parentID: SessionID? = nil,
        assurance: Assurance,
        authenticatedAt: Timestamp?, device: Device?, context: ClientContext?, attributes: JSONObject,
        lastActiveAt: Timestamp, generation: Int, credentials: SessionCredentials, pendingUntil: Timestamp? = nil,
        lock: SessionLock? = nil, placedAt: Timestamp? = nil, suspects: [ClientContext] = [],
        ticket: TransferTicket? = nil, ending: SessionEnding? = nil, line: [ListPlace.Step] = [],
        knownRevocation: Timestamp? = nil
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
    }
}

extension Session {
    /// How long it may rest, in seconds.
    package var idleSeconds: Int { cap?.idleSeconds ?? granted.idleSeconds }

    /// When it ends whatever happens.
    package var expiresAt: Timestamp { cap?.expiresAt ?? granted.expiresAt }

    /// When it ends if nothing happens before: never after `expiresAt`, nor, while it waits for its second factor, after
    /// the time it has for that.
    package var idleExpiresAt: Timestamp {
        let idle = min(lastActiveAt.adding(seconds: idleSeconds), expiresAt)
        guard let pendingUntil else { return idle }
        return min(idle, pendingUntil)
    }

    /// Whether it waits for its second factor, locked or not.
    package var waitsForFactor: Bool { status.isLiving && pendingUntil != nil }

    /// How this session has run out by `now`, if it has: its earliest deadline says why.
    package func expiry(at now: Timestamp) -> EndReason? {
        let end = idleExpiresAt
        guard status.isLiving, now >= end else { return nil }
        if end == expiresAt { return .expiredAbsolute }
        // Whatever deadline it was, a session that never showed its second factor has nothing to come back to.
        return pendingUntil == nil ? .expiredIdle : .expiredPending
    }

    /// When somebody has to look at this session again: to expire it, or to forget it.
    package var nextDeadline: Timestamp {
        ending?.forgottenAt ?? idleExpiresAt
    }

    /// When no access token of this session lives any more, where one may at `now`.
    package func accessTokensExpireAt(after now: Timestamp) -> Timestamp? {
        credentials.accessExpiresAt.flatMap { $0 > now ? $0 : nil }
    }
}
