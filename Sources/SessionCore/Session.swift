/// One session: a subject that is signed in somewhere, for as long as two deadlines and nobody's veto allow.
package struct Session: Equatable, Sendable {
    package let id: SessionID
    package let tenant: String
    package let subject: String
    /// The name of the policy it was created under.
    package let policy: String
    package let createdAt: Timestamp
    /// How long it may rest, in seconds.
    package let idleSeconds: Int
    /// When it ends whatever happens.
    package let expiresAt: Timestamp
    /// On whose behalf somebody else acts in it, if anybody does.
    package let actor: String?

    package var status: SessionStatus
    /// The assurance level, 1…3.
    package var level: Int
    package var methods: [String]
    package var authenticatedAt: Timestamp?
    package var device: Device?
    package var context: ClientContext?
    package var attributes: JSONObject
    /// When activity was last written; it may lag behind the truth by the policy's touch interval.
    package var lastActiveAt: Timestamp
    /// 1, and one more with every rotation of its tokens.
    package var generation: Int
    package var credentials: SessionCredentials
    package var ending: SessionEnding?

    package init(
        id: SessionID, tenant: String, subject: String, policy: String, createdAt: Timestamp, idleSeconds: Int,
        expiresAt: Timestamp, actor: String?, status: SessionStatus, level: Int, methods: [String],
        authenticatedAt: Timestamp?, device: Device?, context: ClientContext?, attributes: JSONObject,
        lastActiveAt: Timestamp, generation: Int, credentials: SessionCredentials, ending: SessionEnding? = nil
    ) {
        self.id = id
        self.tenant = tenant
        self.subject = subject
        self.policy = policy
        self.createdAt = createdAt
        self.idleSeconds = idleSeconds
        self.expiresAt = expiresAt
        self.actor = actor
        self.status = status
        self.level = level
        self.methods = methods
        self.authenticatedAt = authenticatedAt
        self.device = device
        self.context = context
        self.attributes = attributes
        self.lastActiveAt = lastActiveAt
        self.generation = generation
        self.credentials = credentials
        self.ending = ending
    }

    /// When it ends if nothing happens before: never after `expiresAt`.
    package var idleExpiresAt: Timestamp {
        min(lastActiveAt.adding(seconds: idleSeconds), expiresAt)
    }

    /// How this session has run out by `now`, if it has: its earlier deadline says why.
    package func expiry(at now: Timestamp) -> EndReason? {
        guard status.isLiving, now >= idleExpiresAt else { return nil }
        return idleExpiresAt < expiresAt ? .expiredIdle : .expiredAbsolute
    }

    /// When somebody has to look at this session again: to expire it, or to forget it.
    package var nextDeadline: Timestamp {
        ending?.forgottenAt ?? idleExpiresAt
    }
}

/// How a session ended, and until when it is remembered.
package struct SessionEnding: Equatable, Sendable {
    package let at: Timestamp
    package let reason: EndReason
    /// Until then its tokens answer with the reason; from then on they are unknown.
    package let forgottenAt: Timestamp

    package init(at: Timestamp, reason: EndReason, forgottenAt: Timestamp) {
        self.at = at
        self.reason = reason
        self.forgottenAt = forgottenAt
    }
}

/// What is kept of a session's tokens: digests, never the tokens.
package struct SessionCredentials: Equatable, Sendable {
    package var session: TokenDigest
    package var refresh: TokenDigest
    package var refreshExpiresAt: Timestamp
    /// The generation with which the present line of refresh tokens began; older ones were replaced all at once.
    package var lineStart: Int
    /// The refresh token before the present one, for as long as it may be shown again.
    package var predecessor: Predecessor?

    package init(
        session: TokenDigest, refresh: TokenDigest, refreshExpiresAt: Timestamp, lineStart: Int,
        predecessor: Predecessor? = nil
    ) {
        self.session = session
        self.refresh = refresh
        self.refreshExpiresAt = refreshExpiresAt
        self.lineStart = lineStart
        self.predecessor = predecessor
    }

    /// A refresh token that was replaced, and the salt its successor was derived with.
    package struct Predecessor: Equatable, Sendable {
        package let digest: TokenDigest
        /// 32 bytes.
        package let salt: [UInt8]
        package let replacedAt: Timestamp

        package init(digest: TokenDigest, salt: [UInt8], replacedAt: Timestamp) {
            self.digest = digest
            self.salt = salt
            self.replacedAt = replacedAt
        }
    }
}
