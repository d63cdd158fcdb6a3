import SessionContract
package import SessionCore

/// The changes a transaction makes to an aggregate, stored only if nobody else has written in the meantime. A class,
/// because copying it would be expensive.
package final class Commit: Sendable {
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
    private let sessionEvents: [Event]
    private let impliedCreations: [Session]
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
        sessionEvents = transaction.events
        impliedCreations = transaction.impliedCreations
        self.results = results
    }

    /// The entries that the events add to their sessions' activity logs, in order.
    var activity: [(session: SessionID, entry: ActivityEntry)] {
        sessionEvents.compactMap { event in
            guard let session = event.session, let entry = ActivityEntry(event) else { return nil }
            return (session.id, entry)
        }
    }

    /// The entries to store, in order: those that no session implies.
    var storedActivity: [(session: SessionID, entry: WrittenActivity)] {
        var stored = impliedCreations.map { (session: $0.id, entry: WrittenActivity(creationOf: $0)) }
        for event in sessionEvents {
            guard let session = event.session, event.kind != .created || !session.isCreationImplied,
                let entry = WrittenActivity(event)
            else { continue }
            stored.append((session.id, entry))
        }
        return stored
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

/// What became of a commit.
package enum CommitResult: Sendable {
    /// Stored; the references identify the commit's events in the outbox.
    case applied([OutboxEntry.Reference])
    /// Nothing was stored: the revision has changed, a message was already carried out, or the decision was too old.
    case conflict
    /// The store failed to carry it out.
    case refused(StoreError)
}
