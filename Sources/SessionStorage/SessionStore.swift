import SessionContract
package import SessionCore

/// Stores aggregates and keeps the three promises everything rests on: a commit is atomic, a message has one effect,
/// and events are stored together with the state they report.
///
/// `RedisSessionStore` is the real store; `InMemorySessionStore` implements the same promises in a hundred lines, for
/// comparison.
package protocol SessionStore: Sendable {
    /// Loads these aggregates, in order, with the store's current time. One round trip.
    ///
    /// - Parameter budget: how many bytes to load. An aggregate that exceeds it is `tooLarge`: load it alone when there
    ///   is room for it.
    func load(_ requests: [LoadRequest], budget: LoadBudget) async throws(StoreError) -> Loaded

    /// Applies each commit atomically and independently of the others, in order. One round trip.
    func commit(_ commits: [Commit]) async throws(StoreError) -> [CommitResult]

    /// Removes published events from the outbox.
    func clear(_ entries: [OutboxEntry.Reference]) async throws(StoreError)

    /// Releases the claims that these deliveries made: they failed, and their messages may be sent again with another
    /// body. A claim of another delivery is left alone, as that delivery may be about to commit.
    func release(_ messages: [MessageKey]) async throws(StoreError)
}

extension SessionStore {
    /// Loads without a limit on size.
    package func load(_ requests: [LoadRequest]) async throws(StoreError) -> Loaded {
        try await load(requests, budget: .unlimited)
    }
}

/// What a lane needs from a store in addition to what commands need.
package protocol LaneStore: SessionStore {
    /// Counts one more redelivery of each of these messages and returns each one's total. For queues that do not count
    /// redeliveries themselves.
    func countDeliveries(of names: [String]) async throws(StoreError) -> [Int64]
}

/// The work a sweep does in a partition: deadlines that have passed, events that were not published.
package protocol SweepableStore: SessionStore {
    /// The partitions with a deadline that has passed, or an event that has been in the outbox for at least `age`.
    func pendingWork(eventsOlderThan age: Duration) async throws(StoreError) -> PendingWork

    /// Postpones deadlines that cannot be carried out, so that they do not block the ones behind them.
    func postpone(_ sessions: [SessionID], seconds: Int) async throws(StoreError)

    /// At most `limit` sessions of a partition whose deadline has passed, earliest first.
    func dueSessions(in partition: Partition, limit: Int) async throws(StoreError) -> [SessionID]

    /// At most `limit` events that have been in a partition's outbox for at least `age`, oldest first, starting after
    /// the entry `last`.
    func leftEvents(
        in partition: Partition, olderThan age: Duration, after last: OutboxEntry.Reference?, limit: Int
    ) async throws(StoreError) -> [LeftEvent]

    /// The mass revocations in force and how far each partition has carried them out; `nil` if none is in force.
    func revocationProgress() async throws(StoreError) -> RevocationProgress?

    /// A page of the subjects that have sessions in a partition. A subject that has one throughout the walk appears on
    /// at least one page.
    ///
    /// - Parameter page: `next` of the previous page; `nil` for the first.
    func subjects(in partition: Partition, from page: String?) async throws(StoreError) -> SubjectPage

    /// Records that every subject with sessions in the partition at `moment` has since been checked against the mass
    /// revocations in force at that moment.
    func noteWalk(through partition: Partition, begunAt moment: Timestamp) async throws(StoreError)

    /// Leases a partition to `owner` for a while; `false` if another owner holds the lease.
    func lease(_ partition: Partition, for purpose: LeasePurpose, owner: String) async throws(StoreError) -> Bool
}

package struct PendingWork: Equatable, Sendable {
    package var due: [Partition] = []
    package var left: [Partition] = []
}

/// What a partition is leased for. Sweeps of different purposes do not block each other.
package enum LeasePurpose: String, Sendable {
    case deadlines
    case outbox
    case revocations
}

/// How much to load at once, in approximate bytes of stored data.
package struct LoadBudget: Sendable {
    package static let unlimited = LoadBudget(total: .max, each: .max)

    /// For all aggregates together.
    package var total: Int
    /// For each aggregate.
    package var each: Int

    package init(total: Int, each: Int) {
        self.total = total
        self.each = each
    }
}

/// An aggregate to load, and the messages that concern it.
package struct LoadRequest: Sendable {
    package var handle: SubjectHandle
    package var scope: AggregateScope
    package var messages: [MessageKey]
    /// The sessions whose activity logs to read.
    package var activityOf: [SessionID]

    package init(
        handle: SubjectHandle, scope: AggregateScope, messages: [MessageKey] = [], activityOf: [SessionID] = []
    ) {
        self.handle = handle
        self.scope = scope
        self.messages = messages
        self.activityOf = activityOf
    }
}

/// Identifies a message that must have exactly one effect: its caller and id, and its content.
package struct MessageKey: Sendable {
    /// A keyed hash of caller and `message_id`: 22 base64url characters.
    package let name: String
    /// A keyed hash of command and body: 16 bytes.
    package let fingerprint: [UInt8]
    /// Distinguishes this delivery from every other, so that it releases only its own claim. Not part of the message's
    /// identity.
    let delivery: UInt64

    package init(name: String, fingerprint: [UInt8], delivery: UInt64 = .random(in: .min ... .max)) {
        self.name = name
        self.fingerprint = fingerprint
        self.delivery = delivery
    }

    /// The value this delivery claims the id with: the fingerprint, then 8 bytes unique to the delivery.
    var claim: [UInt8] {
        fingerprint + (0..<8).map { UInt8(truncatingIfNeeded: delivery >> (56 - 8 * UInt64($0))) }
    }

    /// Whether a claim, by any delivery, was made for the same message content. Claims of the first version end after
    /// the fingerprint.
    func isSaid(by claim: [UInt8]) -> Bool {
        claim.starts(with: fingerprint) && (claim.count == fingerprint.count || claim.count == fingerprint.count + 8)
    }
}

extension MessageKey: Hashable {
    package static func == (left: MessageKey, right: MessageKey) -> Bool {
        left.name == right.name && left.fingerprint == right.fingerprint
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
    }
}

package struct Loaded: Sendable {
    /// The store's clock, the only one that decisions use.
    package let now: Timestamp
    /// The mass revocations in force when the aggregates were read.
    package let revocations: StandingRevocations
    /// One per request, in order.
    package let aggregates: [LoadedAggregate]

    package init(now: Timestamp, revocations: StandingRevocations = .none, aggregates: [LoadedAggregate]) {
        self.now = now
        self.revocations = revocations
        self.aggregates = aggregates
    }
}

package struct LoadedAggregate: Sendable {
    package enum State: Sendable {
        case whole(Aggregate)
        /// A record's seal does not open, or its content is invalid. Names the key, never the content.
        case damaged(DamagedRecord)
        /// The store failed to load it.
        case refused(StoreError)
        /// Its size in bytes, which exceeds the budget.
        case tooLarge(bytes: Int)

        /// - Throws: `DamagedRecord` or `StoreError`.
        package func get() throws -> Aggregate {
            switch self {
            case .whole(let aggregate): return aggregate
            case .damaged(let damage): throw damage
            case .refused(let error): throw error
            case .tooLarge(let bytes):
                throw StoreError("an aggregate of \(bytes) bytes was not loaded", .refused, mayHaveHappened: false)
            }
        }
    }

    package let state: State
    /// The results of messages that were carried out before.
    package var results: [MessageKey: StoredResult]
    /// The messages whose id was used before for another command or body.
    package var reused: Set<MessageKey>
    /// The requested activity, newest first.
    package var activity: [SessionID: [ActivityEntry]]
    /// Damaged records that leave the rest usable.
    package var damage = PartialDamage()

    package init(
        state: State, results: [MessageKey: StoredResult] = [:], reused: Set<MessageKey> = [],
        activity: [SessionID: [ActivityEntry]] = [:]
    ) {
        self.state = state
        self.results = results
        self.reused = reused
        self.activity = activity
    }
}

/// Damaged records around an aggregate. They fail only the commands that need them.
package struct PartialDamage: Sendable {
    /// Damaged results or claims of messages.
    package var messages: [MessageKey: DamagedRecord] = [:]
    /// Damaged sessions, where single sessions were loaded.
    package var sessions: [SessionID: DamagedRecord] = [:]
    /// Damaged activity logs of sessions.
    package var activity: [SessionID: DamagedRecord] = [:]

    package var isEmpty: Bool { messages.isEmpty && sessions.isEmpty && activity.isEmpty }

    /// The damage that prevents a command from being carried out, if any.
    package func damage(of message: MessageKey?, scope: AggregateScope, activityOf: SessionID?) -> DamagedRecord? {
        if let message, let damage = messages[message] { return damage }
        if let activityOf, let damage = activity[activityOf] { return damage }
        switch scope {
        case .whole: return nil
        case .sessions(let ids): return ids.lazy.compactMap { sessions[$0] }.first
        }
    }

    var isKeyUnknown: Bool {
        messages.values.contains(where: \.isKeyUnknown) || sessions.values.contains(where: \.isKeyUnknown)
            || activity.values.contains(where: \.isKeyUnknown)
    }
}

/// A record that cannot be trusted.
package struct DamagedRecord: Error, Equatable, Sendable {
    /// The key in the store.
    package let key: String
    package let reason: String
    /// Whether the record is sealed with a key that this keyring does not have (yet).
    package var isKeyUnknown = false
}

/// The first result of a message, kept to answer its duplicates.
package struct StoredResult: Equatable, Sendable {
    /// `succeeded` or `rejected`.
    package let status: String
    /// The AMQP `message_id` of the result.
    package let id: String
    package let reply: [UInt8]
    package let copy: [UInt8]

    package init(status: String, id: String, reply: [UInt8], copy: [UInt8]) {
        self.status = status
        self.id = id
        self.reply = reply
        self.copy = copy
    }
}

/// The changes a transaction makes to an aggregate, stored only if nobody else has written in the meantime.
package struct Commit: Sendable {
    /// An aggregate without remaining state is forgotten after this long; then its events are numbered from 1 again.
    package static let retentionSeconds = 30 * 86400
    /// The maximum age of a decision, in milliseconds; an older one is not stored but made again. A change decided
    /// without knowledge of a mass revocation is therefore stored soon after it or never (`RevocationProgress`), and a
    /// worker that was suspended for an hour stores nothing an hour old. Many times Redis's longest response time, or a
    /// batch's decision time.
    package static let maxAgeMilliseconds: Int64 = 30_000

    /// The aggregate's new state, with the revision that was read.
    package let aggregate: Aggregate
    /// When the decision was made.
    package let now: Timestamp
    /// How much of the aggregate was read.
    package let scope: AggregateScope
    /// The sessions to write, or to remove if the aggregate no longer has them.
    package let changed: Set<SessionID>
    package let rescheduled: Set<SessionID>
    package let changedPolicies: Set<PolicyName>
    package let isSubjectChanged: Bool
    package let areRevocationsChanged: Bool
    package let events: [OutgoingEvent]
    /// The entries that the events add to their sessions' activity logs, in order.
    package let activity: [(session: SessionID, entry: ActivityEntry)]
    package let results: [(message: MessageKey, result: StoredResult)]

    package init(
        _ transaction: SubjectTransaction, events: [OutgoingEvent],
        results: [(message: MessageKey, result: StoredResult)]
    ) {
        aggregate = transaction.aggregate
        now = transaction.now
        scope = transaction.scope
        changed = transaction.changed
        rescheduled = transaction.rescheduled
        changedPolicies = transaction.changedPolicies
        isSubjectChanged = transaction.isSubjectChanged
        areRevocationsChanged = transaction.areRevocationsChanged
        self.events = events
        activity = transaction.events.compactMap { event in
            guard let session = event.session, let entry = ActivityEntry(event) else { return nil }
            return (session.id, entry)
        }
        self.results = results
    }

    /// Whether the commit changes the aggregate itself, and not only records around it.
    var writesAggregate: Bool {
        !changed.isEmpty || !changedPolicies.isEmpty || isSubjectChanged || areRevocationsChanged
    }

    /// Whether the commit only records that a session was active or when to check it next. Without it an idle deadline
    /// may come early or an expiry be announced late, but no answer becomes wrong.
    package var isDispensable: Bool {
        events.isEmpty && results.isEmpty && (rescheduled.isEmpty || changed.isEmpty) && !isSubjectChanged
            && changedPolicies.isEmpty && !areRevocationsChanged
    }
}

/// An event in its published form.
package struct OutgoingEvent: Equatable, Sendable {
    package let id: String
    package let type: String
    package let body: [UInt8]

    package init(id: String, type: String, body: [UInt8]) {
        self.id = id
        self.type = type
        self.body = body
    }
}

package enum CommitResult: Sendable {
    /// Stored; the references identify the commit's events in the outbox.
    case applied([OutboxEntry.Reference])
    /// Nothing was stored: the revision has changed, a message was already carried out, or the decision was too old.
    case conflict
    /// The store failed to carry it out.
    case refused(StoreError)
}

/// Events that are stored and may not have been published yet.
package enum OutboxEntry {
    package struct Reference: Hashable, Sendable {
        package let partition: Partition
        /// The entry id within the partition's outbox.
        package let id: String

        package init(partition: Partition, id: String) {
            self.partition = partition
            self.id = id
        }
    }
}

/// An event left in an outbox; `failure` if it cannot be opened.
package struct LeftEvent: Sendable {
    package let reference: OutboxEntry.Reference
    package let event: Result<OutgoingEvent, DamagedRecord>
}

/// The store could not do what was requested.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    package enum Cause: Sendable {
        /// The store is unreachable, starting, or does not let us work: a permission was revoked, another node owns the
        /// keys, its replies are nonsense. The request did not cause this.
        case away
        /// The store can be read but refuses writes at present: it is a replica, out of memory, or short of replicas.
        case writesRefused
        /// The store works but refused this request.
        case refused
    }

    /// A sentence for the log.
    package let message: String
    package let cause: Cause
    /// Whether the request may have taken effect, in whole or in part.
    package let mayHaveHappened: Bool

    package var description: String { message }

    package init(_ message: String, _ cause: Cause, mayHaveHappened: Bool) {
        self.message = message
        self.cause = cause
        self.mayHaveHappened = mayHaveHappened
    }
}
