/// One session: a subject that is signed in somewhere, limited by an idle and an absolute deadline.
///
/// Sessions are large, and are handed on far more often than they change. So the fields are in an object of their own,
/// which copies of the session share until one of them changes: copying 800 bytes with 30 references takes 750
/// instructions, and a validate alone made six copies.
@dynamicMemberLookup
@usableFromInline
package struct Session: Equatable, Sendable {
    @usableFromInline
    var storage: Storage

    package init(
        id: SessionID, tenant: String, subject: ExactText, policy: ExactText, createdAt: Timestamp, idleSeconds: Int,
        expiresAt: Timestamp, actor: ExactText?, status: SessionStatus, parentID: SessionID? = nil,
        assurance: Assurance,
        authenticatedAt: Timestamp?, device: Device?, context: ClientContext?, attributes: JSONObject,
        lastActiveAt: Timestamp, generation: Int, credentials: SessionCredentials, pendingUntil: Timestamp? = nil,
        lock: SessionLock? = nil, placedAt: Timestamp? = nil, suspects: [ClientContext] = [],
        ticket: TransferTicket? = nil, ending: SessionEnding? = nil, line: [ListPlace.Step] = [],
        knownRevocation: Timestamp? = nil, isCreationImplied: Bool = false, laterFields: [UInt8] = []
    ) {
        storage = Storage(
            SessionFields(
                id: id, tenant: tenant, subject: subject, policy: policy, createdAt: createdAt,
                granted: SessionLifetime(idleSeconds: idleSeconds, expiresAt: expiresAt), actor: actor, status: status,
                parentID: parentID, assurance: assurance, authenticatedAt: authenticatedAt, device: device,
                context: context, attributes: attributes, lastActiveAt: lastActiveAt, generation: generation,
                credentials: credentials, pendingUntil: pendingUntil, lock: lock, placedAt: placedAt,
                suspects: suspects, ticket: ticket, ending: ending, line: line, knownRevocation: knownRevocation,
                isCreationImplied: isCreationImplied, laterFields: laterFields))
    }

    @inlinable
    package subscript<Value>(dynamicMember field: KeyPath<SessionFields, Value>) -> Value {
        @inline(__always)
        get { storage.fields[keyPath: field] }
    }

    @inlinable
    package subscript<Value>(dynamicMember field: WritableKeyPath<SessionFields, Value>) -> Value {
        @inline(__always)
        get { storage.fields[keyPath: field] }
        @inline(__always)
        _modify {
            if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.fields) }
            yield &storage.fields[keyPath: field]
        }
    }

    @usableFromInline
    package static func == (one: Session, other: Session) -> Bool {
        one.storage === other.storage || one.storage.fields == other.storage.fields
    }

    /// The fields of one or more equal sessions. Unchecked, because only a session that does not share them changes them;
    /// for the same reason the access to the session is the only one that has to be exclusive.
    @usableFromInline
    final class Storage: @unchecked Sendable {
        @usableFromInline
        @exclusivity(unchecked)
        var fields: SessionFields

        @usableFromInline
        init(_ fields: SessionFields) {
            self.fields = fields
        }
    }
}

extension Session {
    /// The idle lifetime in seconds.
    package var idleSeconds: Int { self.cap?.idleSeconds ?? self.granted.idleSeconds }

    /// The absolute deadline.
    package var expiresAt: Timestamp { self.cap?.expiresAt ?? self.granted.expiresAt }

    /// The idle deadline: never after `expiresAt`, and never after `pendingUntil` while the session is pending.
    package var idleExpiresAt: Timestamp {
        let idle = min(self.lastActiveAt.adding(seconds: idleSeconds), expiresAt)
        guard let pendingUntil = self.pendingUntil else { return idle }
        return min(idle, pendingUntil)
    }

    /// Whether it still needs its second factor, locked or not.
    package var waitsForFactor: Bool { self.status.isLiving && self.pendingUntil != nil }

    /// Why this session has expired by `now`, if it has, according to its earliest deadline.
    package func expiry(at now: Timestamp) -> EndReason? {
        let end = idleExpiresAt
        guard self.status.isLiving, now >= end else { return nil }
        if end == expiresAt { return .expiredAbsolute }
        // Whichever deadline it was: a session that never showed its second factor cannot be resumed.
        return self.pendingUntil == nil ? .expiredIdle : .expiredPending
    }

    /// Whether both sessions imply the same entry of their creation. (The actor never changes.)
    func impliesCreation(of other: Session) -> Bool {
        self.context == other.context && self.device == other.device && self.assurance == other.assurance
    }

    /// When this session needs attention again: to expire or to be forgotten.
    package var nextDeadline: Timestamp {
        self.ending?.forgottenAt ?? idleExpiresAt
    }

    /// When the last access token of this session expires, if one may still be valid at `now`.
    package func accessTokensExpireAt(after now: Timestamp) -> Timestamp? {
        self.credentials.accessExpiresAt.flatMap { $0 > now ? $0 : nil }
    }
}
