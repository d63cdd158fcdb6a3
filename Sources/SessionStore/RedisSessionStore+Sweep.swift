import RedisConnection
package import SessionCore

extension RedisSessionStore: SweepableStore {
    /// How long a sweep may hold a partition. A worker that died in the middle holds it no longer than this.
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
        for (index, partition) in Partition.all.enumerated() {
            if try Self.value(replies[2 * index]).array?.isEmpty == false { work.due.append(partition) }
            if try Self.value(replies[2 * index + 1]).array?.isEmpty == false { work.left.append(partition) }
        }
        return work
    }

    package func dueSessions(in partition: Partition, limit: Int) async throws(StoreError) -> [SessionID] {
        let key = keys.deadlines(partition)
        var pipeline = RedisPipeline()
        pipeline.command(
            "ZRANGEBYSCORE", .string(key), "-inf", .integer(try await now().milliseconds), "LIMIT", "0",
            .integer(Int64(limit)))
        let members = (try Self.value(try await sendOne(pipeline)).array ?? []).compactMap(\.string)
        let sessions = members.compactMap { SessionID(SessionID.prefix + $0) }
            .filter { Partition(of: $0.handle) == partition }
        if sessions.count < members.count {
            // Nothing of ours: left there, it would be due for ever.
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
        let key = keys.outbox(partition)
        var pipeline = RedisPipeline()
        pipeline.command(
            "XRANGE", .string(key), .string(last.map { "(" + $0.id } ?? "-"),
            .string(Self.streamBound(try await now(), age)), "COUNT", .integer(Int64(limit)))
        let reply = try Self.value(try await sendOne(pipeline))
        return (reply.array ?? []).compactMap { entry($0, in: partition, key: key) }
    }

    package func lease(
        _ partition: Partition, for purpose: LeasePurpose, owner: String
    ) async throws(StoreError) -> Bool {
        var pipeline = RedisPipeline()
        pipeline.command(
            "SET", .string(keys.lease(partition, for: purpose)), .string(owner), "NX", "GET", "PX",
            .integer(Self.leaseMilliseconds))
        let holder = try Self.value(try await sendOne(pipeline)).string
        return holder == nil || holder == owner
    }

    /// One entry of the stream: `[id, [i, event id, e, sealed event]]`.
    private func entry(_ item: RedisReply, in partition: Partition, key: String) -> LeftEvent? {
        guard let parts = item.array, let id = parts.first?.string else { return nil }
        let reference = OutboxEntry.Reference(partition: partition, id: id)
        guard let fields = parts.last?.array, fields.count == 4, let eventID = fields[1].string,
            let sealed = fields[3].bytes
        else {
            return LeftEvent(
                reference: reference, event: .failure(DamagedRecord(key: key, reason: "\(id) is no event")))
        }
        return LeftEvent(
            reference: reference, event: seal.read(sealed, at: .event(eventID, key: key), as: EventRecord.event))
    }

    private func now() async throws(StoreError) -> Timestamp {
        var pipeline = RedisPipeline()
        pipeline.command("TIME")
        return try Self.time(try await sendOne(pipeline))
    }

    func sendOne(_ pipeline: consuming RedisPipeline) async throws(StoreError) -> RedisReply {
        guard let reply = try await send(pipeline).first else {
            throw StoreError("Redis answered nothing", .refused, mayHaveHappened: true)
        }
        return reply
    }

    /// The largest stream id that is `age` old: ids begin with the millisecond of their making.
    private static func streamBound(_ now: Timestamp, _ age: Duration) -> String {
        String(now.milliseconds - age.components.seconds * 1000)
    }
}
