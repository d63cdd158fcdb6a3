package import SessionCore

/// What the store's twin holds. A value: a simulation keeps copies of it, and puts one back where Redis would lose what
/// it had acknowledged.
package struct InMemoryContents: Sendable {
    /// In outboxes the time is the store's when the event was stored.
    package typealias OutboxRecord = (reference: OutboxEntry.Reference, event: OutgoingEvent, at: Timestamp)

    package let inboxSeconds: Int
    /// How far the next write moves a revision on: 1, where nothing is ever lost. `commit.lua` takes the microsecond.
    package var revisionStep: Int64 = 1
    package private(set) var aggregates: [SubjectHandle: Aggregate] = [:]
    package private(set) var deadlines: [SessionID: Timestamp] = [:]
    package private(set) var claims: [String: (claim: [UInt8], until: Timestamp)] = [:]
    package private(set) var inbox: [String: (fingerprint: [UInt8], result: StoredResult, until: Timestamp)] = [:]
    private var deliveries: [String: Int64] = [:]
    /// Oldest first.
    package private(set) var outbox: [OutboxRecord] = []
    package private(set) var leases: [String: (owner: String, until: Timestamp)] = [:]
    private var lastOutboxNumber = 0
    private var revocations = StandingRevocations.none
    private var walks: [Partition: Timestamp] = [:]
    /// Newest first.
    private var activity: [SessionID: [ActivityEntry]] = [:]

    package init(inboxSeconds: Int) {
        self.inboxSeconds = inboxSeconds
    }

    /// Puts an earlier state back, as a fail-over to a replica that lagged behind does. Ids in the outbox are not given a
    /// second time: Redis makes them of the time.
    package mutating func loseWrites(since earlier: InMemoryContents) {
        let lastOutboxNumber = lastOutboxNumber
        let revisionStep = revisionStep
        self = earlier
        self.lastOutboxNumber = lastOutboxNumber
        self.revisionStep = revisionStep
    }
}

// MARK: - What commands need

extension InMemoryContents {
    package mutating func load(_ requests: [LoadRequest], at now: Timestamp) -> Loaded {
        let until = now.adding(seconds: inboxSeconds)
        let aggregates = requests.map { request in
            var loaded = LoadedAggregate(state: .loaded(aggregate(request)))
            for id in request.activityOf { loaded.activity[id] = activity[id] ?? [] }
            for message in request.messages {
                if let claim = claims[message.name], claim.until > now {
                    if !message.isSaid(by: claim.claim) { loaded.reused.insert(message) }
                } else {
                    claims[message.name] = (message.claim, until)
                }
                guard let kept = inbox[message.name], kept.until > now else { continue }
                if kept.fingerprint == message.fingerprint {
                    loaded.results[message] = kept.result
                } else {
                    loaded.reused.insert(message)
                }
            }
            return loaded
        }
        return Loaded(now: now, revocations: revocations, aggregates: aggregates)
    }

    package mutating func commit(_ commits: [Commit], at now: Timestamp) -> [CommitResult] {
        let until = now.adding(seconds: inboxSeconds)
        return commits.map { apply($0, now: now, inboxUntil: until) }
    }

    package mutating func clear(_ entries: [OutboxEntry.Reference]) {
        let gone = Set(entries)
        outbox.removeAll { gone.contains($0.reference) }
    }

    package mutating func release(_ messages: [MessageKey]) {
        for message in messages where claims[message.name]?.claim == message.claim { claims[message.name] = nil }
    }

    package mutating func countDeliveries(of names: [String]) -> [Int64] {
        names.map { name in
            deliveries[name, default: 0] += 1
            return deliveries[name, default: 0]
        }
    }

    private func aggregate(_ request: LoadRequest) -> Aggregate {
        let known = aggregates[request.handle] ?? Aggregate(handle: request.handle)
        switch request.scope {
        case .whole: return known
        case .sessions(let ids):
            return Aggregate(
                handle: known.handle, revision: known.revision,
                sessions: SessionTable(ids.compactMap { known.sessions[$0] }))
        }
    }

    private mutating func apply(_ commit: Commit, now: Timestamp, inboxUntil: Timestamp) -> CommitResult {
        let handle = commit.aggregate.handle
        var stored = aggregates[handle] ?? Aggregate(handle: handle)
        let isRepeated = commit.results.contains { (inbox[$0.message.name]?.until ?? now) > now }
        let isTooOld = now.milliseconds > commit.now.milliseconds + Commit.maxAgeMilliseconds
        guard stored.revision == commit.aggregate.revision, !isRepeated, !isTooOld else { return .conflict }

        if commit.writesAggregate {
            stored.revision += revisionStep
            for id in commit.changed { stored.sessions[id] = commit.aggregate.sessions[id]?.uncapped }
            for name in commit.changedPolicies { stored.policies[name] = commit.aggregate.policies[name] }
            if commit.areRevocationsChanged {
                stored.revocations = commit.aggregate.revocations
                revocations = stored.revocations
            }
            if commit.isSubjectChanged { stored.subject = commit.aggregate.subject }
            aggregates[handle] = stored
        }
        for (id, entry) in commit.activity {
            activity[id] = Array(([entry] + (activity[id] ?? [])).prefix(ReadActivity.maxLimit))
        }
        for id in commit.rescheduled { deadlines[id] = commit.aggregate.sessions[id]?.nextDeadline }
        for (message, result) in commit.results {
            inbox[message.name] = (message.fingerprint, result, inboxUntil)
        }
        return .applied(commit.events.map { store($0, of: handle, now: now) })
    }

    private mutating func store(
        _ event: OutgoingEvent, of handle: SubjectHandle, now: Timestamp
    ) -> OutboxEntry.Reference {
        lastOutboxNumber += 1
        let reference = OutboxEntry.Reference(partition: Partition(of: handle), id: String(lastOutboxNumber))
        outbox.append((reference, event, now))
        return reference
    }
}

// MARK: - What sweeps need

extension InMemoryContents {
    package func pendingWork(eventsOlderThan age: Duration, at now: Timestamp) -> PendingWork {
        let due = deadlines.filter { $0.value <= now }.map { Partition(of: $0.key.handle) }
        let left = left(now: now, age: age).map(\.reference.partition)
        return PendingWork(due: Set(due).sorted(), left: Set(left).sorted())
    }

    package func dueSessions(in partition: Partition, limit: Int, at now: Timestamp) -> [SessionID] {
        deadlines.filter { $0.value <= now && Partition(of: $0.key.handle) == partition }
            .sorted { ($0.value, $0.key.text) < ($1.value, $1.key.text) }
            .prefix(limit).map(\.key)
    }

    package mutating func postpone(_ sessions: [SessionID], seconds: Int, at now: Timestamp) {
        let later = now.adding(seconds: seconds)
        for session in sessions where deadlines[session] != nil { deadlines[session] = later }
    }

    package func leftEvents(
        in partition: Partition, olderThan age: Duration, after last: OutboxEntry.Reference?, limit: Int,
        at now: Timestamp
    ) -> [LeftEvent] {
        let left = left(now: now, age: age).filter { $0.reference.partition == partition }
        let start = left.firstIndex { $0.reference == last }.map { $0 + 1 } ?? 0
        return Array(left[start...].prefix(limit))
    }

    package func revocationProgress(at now: Timestamp) -> RevocationProgress? {
        revocations.isEmpty ? nil : RevocationProgress(now: now, standing: revocations, walks: walks)
    }

    package func subjects(in partition: Partition, at now: Timestamp) -> SubjectPage {
        let handles = Set(deadlines.keys.map(\.handle)).filter { Partition(of: $0) == partition }
        return SubjectPage(now: now, subjects: handles.sorted { $0.text < $1.text }, next: nil)
    }

    package mutating func recordWalk(through partition: Partition, begunAt moment: Timestamp) {
        walks[partition] = moment
    }

    package mutating func lease(
        _ partition: Partition, for purpose: LeasePurpose, owner: String, at now: Timestamp
    ) -> Bool {
        let key = "\(purpose.rawValue)/\(partition.number)"
        if let lease = leases[key], lease.until > now, lease.owner != owner { return false }
        leases[key] = (owner, now.adding(seconds: 10))
        return true
    }

    private func left(now: Timestamp, age: Duration) -> [LeftEvent] {
        let bound = now.milliseconds - age.components.seconds * 1000
        return outbox.filter { $0.at.milliseconds <= bound }
            .map { LeftEvent(reference: $0.reference, event: .success($0.event)) }
    }
}
