import SessionContract
package import SessionCore

/// Where aggregates live, with the three promises everything rests on: a commit is atomic, has one effect per message,
/// and stores its events with its state.
///
/// `RedisSessionStore` is the real one; `InMemorySessionStore` says the same in a hundred lines, to be compared with.
package protocol SessionStore: Sendable {
    /// What is known of these aggregates now, in their order, with the store's time: one round trip.
    ///
    /// - Parameter budget: how much of what is stored is loaded. An aggregate that goes beyond is `tooLarge`: to be
    ///   loaded by itself, when there is room for it.
    func load(_ requests: [LoadRequest], budget: LoadBudget) async throws(StoreError) -> Loaded

    /// Applies each commit, atomically and apart from the others, in their order: one round trip.
    func commit(_ commits: [Commit]) async throws(StoreError) -> [CommitResult]

    /// Takes published events out of the outbox.
    func clear(_ entries: [OutboxEntry.Reference]) async throws(StoreError)

    /// Forgets that these messages were seen, where these deliveries were the first: they failed, and may come again with
    /// another body. What another delivery claimed is left alone: it may be about to commit.
    func release(_ messages: [MessageKey]) async throws(StoreError)
}

extension SessionStore {
    /// All of it, however much that is.
    package func load(_ requests: [LoadRequest]) async throws(StoreError) -> Loaded {
        try await load(requests, budget: .unlimited)
    }
}

/// What somebody has to do in a partition: deadlines that have come, events that nobody published.
package protocol SweepableStore: SessionStore {
    /// The partitions in which a deadline has come, or an event has lain in the outbox for `age` at least.
    func pendingWork(eventsOlderThan age: Duration) async throws(StoreError) -> PendingWork

    /// Puts deadlines off that cannot be carried out, so that those behind them can.
    func postpone(_ sessions: [SessionID], seconds: Int) async throws(StoreError)

    /// At most `limit` sessions of a partition whose deadline has come, the earliest first.
    func dueSessions(in partition: Partition, limit: Int) async throws(StoreError) -> [SessionID]

    /// At most `limit` events of a partition that have lain in the outbox for `age` at least, the oldest first, from behind
    /// the entry `last` on.
    func leftEvents(
        in partition: Partition, olderThan age: Duration, after last: OutboxEntry.Reference?, limit: Int
    ) async throws(StoreError) -> [LeftEvent]

    /// The mass revocations that stand, and how far each partition has come with them; `nil` where none stands.
    func revocationProgress() async throws(StoreError) -> RevocationProgress?

    /// A page of those who have sessions in a partition: who has one all the while until the last page is on one of them at
    /// least.
    ///
    /// - Parameter page: `next` of the page before; `nil` for the first.
    func subjects(in partition: Partition, from page: String?) async throws(StoreError) -> SubjectPage

    /// Notes that all who had sessions in a partition at this moment were looked at since, with the mass revocations of
    /// then.
    func noteWalk(through partition: Partition, begunAt moment: Timestamp) async throws(StoreError)

    /// Makes `owner` the only one to sweep a partition for a while; `false` if somebody else is.
    func lease(_ partition: Partition, for purpose: LeasePurpose, owner: String) async throws(StoreError) -> Bool
}

package struct PendingWork: Equatable, Sendable {
    package var due: [Partition] = []
    package var left: [Partition] = []
}

/// What a partition is leased for: the sweeps do not wait for each other.
package enum LeasePurpose: String, Sendable {
    case deadlines
    case outbox
    case revocations
}

/// How much is loaded at once, in bytes of what is stored, about.
package struct LoadBudget: Sendable {
    package static let unlimited = LoadBudget(total: .max, each: .max)

    /// Of all aggregates together.
    package var total: Int
    /// Of any one.
    package var each: Int

    package init(total: Int, each: Int) {
        self.total = total
        self.each = each
    }
}

/// One aggregate to load, and the messages that are about it.
package struct LoadRequest: Sendable {
    package var handle: SubjectHandle
    package var scope: AggregateScope
    package var messages: [MessageKey]
    /// The sessions whose activity log is read.
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

/// What names a message that must have one effect: its caller and id, and what it says.
package struct MessageKey: Sendable {
    /// A keyed hash of caller and `message_id`: 22 base64url characters.
    package let name: String
    /// A keyed hash of command and body: 16 bytes.
    package let fingerprint: [UInt8]
    /// Tells this delivery of the message from all others: a claim that another made is not ours to take back. No part of
    /// what the message is.
    let delivery: UInt64

    package init(name: String, fingerprint: [UInt8], delivery: UInt64 = .random(in: .min ... .max)) {
        self.name = name
        self.fingerprint = fingerprint
        self.delivery = delivery
    }

    /// What this delivery claims the id with: the fingerprint, then 8 bytes of its own.
    var claim: [UInt8] {
        fingerprint + (0..<8).map { UInt8(truncatingIfNeeded: delivery >> (56 - 8 * UInt64($0))) }
    }

    /// Whether a claim says the same as this message, whoever made it. Those of the first version end with the
    /// fingerprint.
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
    /// The store's clock, the only one that decides.
    package let now: Timestamp
    /// The mass revocations in force when the aggregates were read.
    package let revocations: StandingRevocations
    /// One for each request, in their order.
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
        /// A record's seal does not open, or its content makes no sense: the key, never the content.
        case damaged(DamagedRecord)
        /// The store did not do what loading it asks for.
        case refused(StoreError)
        /// It has this many bytes, for which the budget had no room.
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
    /// What the messages that were carried out before were answered.
    package var results: [MessageKey: StoredResult]
    /// The messages whose id was used for another command or body.
    package var reused: Set<MessageKey>
    /// The activity that was asked for, newest first.
    package var activity: [SessionID: [ActivityEntry]]
    /// What cannot be trusted of it though the rest can.
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

/// Records about an aggregate that cannot be trusted: they fail the commands that need them, and no others.
package struct PartialDamage: Sendable {
    /// What was kept of these messages.
    package var messages: [MessageKey: DamagedRecord] = [:]
    /// These sessions, where single ones were loaded.
    package var sessions: [SessionID: DamagedRecord] = [:]
    /// The activity of these sessions.
    package var activity: [SessionID: DamagedRecord] = [:]

    package var isEmpty: Bool { messages.isEmpty && sessions.isEmpty && activity.isEmpty }

    /// What a command is kept from, if it is.
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
    /// Whether it was sealed with a key that the keyring does not have, or not yet.
    package var isKeyUnknown = false
}

/// The first result of a message, kept for its duplicates.
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

/// What a transaction made of an aggregate, to be stored if nobody else has written meanwhile.
package struct Commit: Sendable {
    /// A subject that nothing is left of is forgotten after this long; then its events count from 1 again.
    package static let retentionSeconds = 30 * 86400
    /// What was decided longer ago than this is not stored but decided again, in milliseconds: what has not seen a mass
    /// revocation is there soon after it or never (`RevocationProgress`), and a worker that stood still for an hour
    /// stores nothing of an hour ago. Many times as long as Redis may take for an answer, or a batch for its decision.
    package static let maxAgeMilliseconds: Int64 = 30_000

    /// The aggregate as it shall be; its revision is the one that was read.
    package let aggregate: Aggregate
    /// When it was decided.
    package let now: Timestamp
    /// How much of it was read.
    package let scope: AggregateScope
    /// The sessions to write, or to remove where the aggregate does not have them.
    package let changed: Set<SessionID>
    package let rescheduled: Set<SessionID>
    package let changedPolicies: Set<PolicyName>
    package let isSubjectChanged: Bool
    package let areRevocationsChanged: Bool
    package let events: [OutgoingEvent]
    /// What the events leave in the activity logs of their sessions, in their order.
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

    /// Whether it changes the aggregate, and not only what lies about it.
    var writesAggregate: Bool {
        !changed.isEmpty || !changedPolicies.isEmpty || isSubjectChanged || areRevocationsChanged
    }

    /// Whether all that it stores is that a session was active, or when to look at one: the idle deadline may come early, or
    /// an expiry be announced late, for want of it, and no answer becomes wrong.
    package var isDispensable: Bool {
        events.isEmpty && results.isEmpty && (rescheduled.isEmpty || changed.isEmpty) && !isSubjectChanged
            && changedPolicies.isEmpty && !areRevocationsChanged
    }
}

/// An event in the form in which it is published.
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
    /// Stored; the references are those of the commit's events.
    case applied([OutboxEntry.Reference])
    /// Nothing was stored: somebody else wrote first, a message had been carried out already, or it was decided too long
    /// ago.
    case conflict
    /// The store did not do it.
    case refused(StoreError)
}

/// Events that are stored and perhaps not yet published.
package enum OutboxEntry {
    package struct Reference: Hashable, Sendable {
        package let partition: Partition
        /// The id within the partition's outbox.
        package let id: String

        package init(partition: Partition, id: String) {
            self.partition = partition
            self.id = id
        }
    }
}

/// What lies in an outbox; `damaged` where it cannot be opened.
package struct LeftEvent: Sendable {
    package let reference: OutboxEntry.Reference
    package let event: Result<OutgoingEvent, DamagedRecord>
}

/// The store could not do what it was asked to.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    package enum Cause: Sendable {
        /// It is not there, is starting, or does not let us work: a permission was taken away, another node has the keys, it
        /// answers nonsense. Nothing that it was asked for brought this about.
        case away
        /// It is there and can be read, and takes no writes at present: a replica, out of memory, too few replicas.
        case writesRefused
        /// It is there and did not do this.
        case refused
    }

    /// A sentence for the log.
    package let message: String
    package let cause: Cause
    /// Whether some of it may have happened nevertheless.
    package let mayHaveHappened: Bool

    package var description: String { message }

    package init(_ message: String, _ cause: Cause, mayHaveHappened: Bool) {
        self.message = message
        self.cause = cause
        self.mayHaveHappened = mayHaveHappened
    }
}
