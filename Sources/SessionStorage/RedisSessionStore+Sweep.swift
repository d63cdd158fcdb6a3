import RedisNIO
package import SessionCore

extension RedisSessionStore: SweepableStore {
    /// How long a sweep may hold a partition's lease. The lease of a worker that dies mid-sweep expires after this
    /// long.
    private static let leaseMilliseconds: Int64 = 10_000

    package func pendingWork(eventsOlderThan age: Duration) async throws(StoreError) -> PendingWork {
        let now = try await now()
        let bound = Self.streamBound(now, age)
        var pipeline = RedisPipeline(capacity: 32 * 1024)
        for partition in Partition.all {
            pipeline.command(
                "ZRANGEBYSCORE", .string(keys.deadlines(partition)), "-inf", .integer(now.milliseconds), "LIMIT", "0",
                "1")
            pipeline.command("XRANGE", .string(keys.outbox(partition)), "-", .string(bound), "COUNT", "1")
        }
        let replies = try await send(pipeline)
        var work = PendingWork()
        for (index, reply) in replies.enumerated() {
            guard let found = try Self.value(reply).array else { throw await distrust("the query for pending work") }
            let partition = Partition.all[index / 2 % Partition.all.count]
            if found.isEmpty { continue }
            if index.isMultiple(of: 2) { work.due.append(partition) } else { work.left.append(partition) }
        }
        return work
    }

    package func dueSessions(in partition: Partition, limit: Int) async throws(StoreError) -> [SessionID] {
        let key = keys.deadlines(partition)
        var pipeline = RedisPipeline()
        pipeline.command(
            "ZRANGEBYSCORE", .string(key), "-inf", .integer(try await now().milliseconds), "LIMIT", "0",
            .integer(Int64(limit)))
        guard let found = try Self.value(try await sendOne(pipeline)).array, found.count <= limit else {
            throw await distrust("ZRANGEBYSCORE")
        }
        let members = found.compactMap(\.string)
        let sessions = members.compactMap { SessionID(SessionID.prefix + $0) }
            .filter { Partition(of: $0.handle) == partition }
        if sessions.count < members.count {
            // A member that is not a session id was not written by us. If it stayed, it would be due for ever.
            let ours = Set(sessions.map(\.withoutPrefix))
            var removal = RedisPipeline()
            removal.command(
                "ZREM", arguments: [.string(key)] + members.filter { !ours.contains($0) }.map { .string($0) })
            _ = try Self.value(try await sendOne(removal))
        }
        return sessions
    }

    package func postpone(_ sessions: [SessionID], seconds: Int) async throws(StoreError) {
        let later = try await now().adding(seconds: seconds).milliseconds
        var pipeline = RedisPipeline()
        for session in sessions {
            pipeline.command(
                "ZADD", .string(keys.deadlines(Partition(of: session.handle))), "XX", .integer(later),
                .string(session.withoutPrefix))
        }
        for reply in try await send(pipeline) { _ = try Self.value(reply) }
    }

    package func leftEvents(
        in partition: Partition, olderThan age: Duration, after last: OutboxEntry.Reference?, limit: Int
    ) async throws(StoreError) -> [LeftEvent] {
        let entries = try await readEvents(in: partition, olderThan: age, after: last, limit: limit)
        guard entries.contains(where: \.isKeyUnknown) else { return entries }
        await refreshKeys()
        return try await readEvents(in: partition, olderThan: age, after: last, limit: limit)
    }

    private func readEvents(
        in partition: Partition, olderThan age: Duration, after last: OutboxEntry.Reference?, limit: Int
    ) async throws(StoreError) -> [LeftEvent] {
        let key = keys.outbox(partition)
        var pipeline = RedisPipeline()
        pipeline.command(
            "XRANGE", .string(key), .string(last.map { "(" + $0.id } ?? "-"),
            .string(Self.streamBound(try await now(), age)), "COUNT", .integer(Int64(limit)))
        // An event that is published must not be lost with the change that it reports.
        pipeline.isConfirmed = true
        guard let items = try Self.value(try await sendOne(pipeline)).array, items.count <= limit else {
            throw await distrust("XRANGE")
        }
        var entries: [LeftEvent] = []
        var previous = last.flatMap { StreamID($0.id) }
        for item in items {
            // Ids must increase, or a caller that pages from the last id would never finish.
            guard let (id, entry) = entry(item, in: partition, key: key), previous.map({ $0 < id }) ?? true else {
                throw await distrust("XRANGE")
            }
            previous = id
            entries.append(entry)
        }
        return entries
    }

    package func lease(
        _ partition: Partition, for purpose: LeasePurpose, owner: String
    ) async throws(StoreError) -> Bool {
        var pipeline = RedisPipeline()
        pipeline.command(
            "SET", .string(keys.lease(partition, for: purpose)), .string(owner), "NX", "GET", "PX",
            .integer(Self.leaseMilliseconds))
        let holder = try Self.value(try await sendOne(pipeline))
        guard holder.string == owner else { return holder.isNull }
        // The lease holder renews its lease.
        var renewal = RedisPipeline()
        renewal.command(
            "PEXPIRE", .string(keys.lease(partition, for: purpose)), .integer(Self.leaseMilliseconds))
        _ = try Self.value(try await sendOne(renewal))
        return true
    }

    /// An entry of the stream, `[id, [i, event id, e, sealed event]]`; `nil` for a reply of any other shape.
    private func entry(_ item: RedisReply, in partition: Partition, key: String) -> (StreamID, LeftEvent)? {
        guard let parts = item.array, parts.count == 2, let id = parts[0].string.flatMap(StreamID.init) else {
            return nil
        }
        let reference = OutboxEntry.Reference(partition: partition, id: id.text)
        guard let fields = parts[1].array, fields.count == 4, let eventID = fields[1].string,
            let sealed = fields[3].bytes
        else {
            let damage = DamagedRecord(key: key, reason: "the entry \(id.text) is not an event")
            return (id, LeftEvent(reference: reference, event: .failure(damage)))
        }
        let event = seal.read(sealed, at: .event(eventID, key: key), as: EventRecord.event)
        return (id, LeftEvent(reference: reference, event: event))
    }

    func now() async throws(StoreError) -> Timestamp {
        var pipeline = RedisPipeline()
        pipeline.command("TIME")
        guard let now = try Self.time(try await sendOne(pipeline)) else { throw await distrust("TIME") }
        return now
    }

    func sendOne(_ pipeline: consuming RedisPipeline) async throws(StoreError) -> RedisReply {
        guard let reply = try await send(pipeline).first else {
            throw StoreError("Redis returned no reply", .away, mayHaveHappened: true)
        }
        return reply
    }

    /// The largest stream id that is `age` old: an id begins with the millisecond of its creation.
    private static func streamBound(_ now: Timestamp, _ age: Duration) -> String {
        String(max(0, now.milliseconds - age.components.seconds * 1000))
    }
}

extension LeftEvent {
    fileprivate var isKeyUnknown: Bool {
        switch event {
        case .success: false
        case .failure(let damage): damage.isKeyUnknown
        }
    }
}
