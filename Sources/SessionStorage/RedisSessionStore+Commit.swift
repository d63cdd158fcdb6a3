import RedisNIO
import SessionCore

extension RedisSessionStore {
    package func commit(_ commits: [Commit]) async throws(StoreError) -> [CommitResult] {
        var pipeline = RedisPipeline(capacity: 2048 * commits.count)
        for commit in commits { append(commit, to: &pipeline) }
        pipeline.isConfirmed = true
        let replies = try await send(pipeline)
        let results = zip(commits, replies).map { result(of: $0, from: $1) }
        guard results.contains(where: { $0 == nil }) else { return results.compactMap(\.self) }
        let doubt = await distrust("the commit script")
        return results.map { $0 ?? .refused(doubt) }
    }

    package func clear(_ entries: [OutboxEntry.Reference]) async throws(StoreError) {
        var pipeline = RedisPipeline()
        for (partition, entries) in Dictionary(grouping: entries, by: \.partition) {
            pipeline.command(
                "XDEL", arguments: [.string(keys.outbox(partition))] + entries.map { .string($0.id) })
        }
        for reply in try await send(pipeline) { _ = try Self.value(reply) }
    }

    private func append(_ commit: Commit, to pipeline: inout RedisPipeline) {
        let aggregate = commit.aggregate
        let partition = Partition(of: aggregate.handle)
        let key = keys.aggregate(aggregate.handle)
        let changes = CommitChanges(commit)

        var arguments: [RedisArgument] = [
            .integer(aggregate.revision), .integer(inboxMilliseconds), .integer(retention(of: commit)),
            .integer(Int64(changes.sets)), .integer(Int64(changes.removals)),
            .integer(Int64(changes.scheduled.count)), .integer(Int64(changes.cancelled.count)),
            .integer(Int64(commit.events.count)), .integer(Int64(commit.results.count)),
            .integer(commit.now.milliseconds + Commit.maxAgeMilliseconds),
        ]
        arguments.reserveCapacity(
            arguments.count + changes.argumentCount + 3 * commit.events.count + commit.results.count)
        func add(_ record: [UInt8], as name: String) {
            arguments.append(.string(name))
            arguments.append(.bytes(seal.seal(record, at: .field(name, key: key))))
        }
        if let subject = changes.subject {
            add(SubjectRecord.bytes(of: subject), as: KeySpace.subjectField)
        }
        for session in changes.put {
            add(SessionRecord.bytes(of: session), as: session.id.own)
        }
        for (name, policy) in changes.policies {
            add(PolicyRecord.bytes(of: policy, named: name), as: policyField(name))
        }
        if let revocations = changes.revocations {
            add(RevocationsRecord.bytes(of: revocations), as: KeySpace.revocationsField)
        }
        for name in changes.removed { arguments.append(.string(name)) }
        for name in changes.removedPolicies { arguments.append(.string(policyField(name))) }
        for session in changes.scheduled {
            arguments.append(.integer(session.nextDeadline.milliseconds))
            arguments.append(.string(session.id.withoutPrefix))
        }
        for id in changes.cancelled { arguments.append(.string(id.withoutPrefix)) }
        let outbox = keys.outbox(partition)
        for event in commit.events {
            arguments.append(.string(event.id))
            arguments.append(.bytes(seal.seal(EventRecord.bytes(of: event), at: .event(event.id, key: outbox))))
        }
        var scriptKeys = [key, keys.deadlines(partition), outbox]
        for (message, result) in commit.results {
            let inbox = keys.inbox(message, in: partition)
            scriptKeys.append(inbox)
            let record = ResultRecord.bytes(of: result, fingerprint: message.fingerprint)
            arguments.append(.bytes(seal.seal(record, at: .entry(inbox))))
        }
        for (session, entry) in commit.storedActivity {
            let log = keys.activity(session)
            scriptKeys.append(log)
            arguments.append(.bytes(seal.seal(ActivityRecord.bytes(of: entry), at: .entry(log))))
            arguments.append(.integer(keptMilliseconds(aggregate.sessions[session], from: commit.now)))
        }
        pipeline.evaluate(Self.commitScript, keys: scriptKeys, arguments: arguments)
    }

    /// How long a session's activity is kept: while the session lives or can still be restored.
    private func keptMilliseconds(_ session: Session?, from now: Timestamp) -> Int64 {
        let until = session.map { $0.ending?.forgottenAt ?? $0.expiresAt.adding(seconds: Commit.retentionSeconds) }
        return max(1, (until ?? now).milliseconds - now.milliseconds)
    }

    /// The retention argument of the script: -1 leaves the expiry of the aggregate unchanged, 0 removes it, any other
    /// number is the seconds after which the aggregate expires.
    private func retention(of commit: Commit) -> Int64 {
        switch commit.scope {
        case .sessions: -1
        case .whole: commit.aggregate.isForgettable ? Int64(Commit.retentionSeconds) : 0
        }
    }

    /// `nil` for a reply that the script cannot have returned.
    private func result(of commit: Commit, from reply: RedisReply) -> CommitResult? {
        if let error = reply.serverError { return .refused(StoreError(error)) }
        guard let items = reply.array else { return nil }
        if items.isEmpty { return .conflict }
        let partition = Partition(of: commit.aggregate.handle)
        let references = items.dropFirst().compactMap { item in
            item.string.flatMap(StreamID.init).map { OutboxEntry.Reference(partition: partition, id: $0.text) }
        }
        guard items.count == 1 + commit.events.count, references.count == commit.events.count else { return nil }
        return .applied(references)
    }
}

/// A commit, grouped by what the script does with it.
private struct CommitChanges {
    var subject: Subject?
    var put: [Session] = []
    var revocations: StandingRevocations?
    /// Fields of the aggregate.
    var removed: [String] = []
    var scheduled: [Session] = []
    var cancelled: [SessionID] = []

    var policies: [(PolicyName, SessionPolicy)] = []
    var removedPolicies: [PolicyName] = []

    var sets: Int { put.count + policies.count + (subject == nil ? 0 : 1) + (revocations == nil ? 0 : 1) }
    var removals: Int { removed.count + removedPolicies.count }
    var argumentCount: Int { 2 * (sets + scheduled.count) + removals + cancelled.count }

    init(_ commit: Commit) {
        subject = commit.isSubjectChanged ? commit.aggregate.subject : nil
        for name in commit.changedPolicies {
            if let policy = commit.aggregate.policies[name] {
                policies.append((name, policy))
            } else {
                removedPolicies.append(name)
            }
        }
        for id in commit.changed {
            if let session = commit.aggregate.sessions[id] { put.append(session) } else { removed.append(id.own) }
        }
        if commit.areRevocationsChanged {
            // Every load reads this field, which exists only while a mass revocation is in force.
            if commit.aggregate.revocations.isEmpty {
                removed.append(KeySpace.revocationsField)
            } else {
                revocations = commit.aggregate.revocations
            }
        }
        for id in commit.rescheduled {
            if let session = commit.aggregate.sessions[id] { scheduled.append(session) } else { cancelled.append(id) }
        }
    }
}
