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
        var pipeline = RedisPipeline()
        pipeline.command(
            "ZRANGEBYSCORE", .string(keys.deadlines(partition)), "-inf", .integer(try await now().milliseconds),
            "LIMIT", "0", .integer(Int64(limit)))
        let reply = try Self.value(try await sendOne(pipeline))
        return (reply.array ?? []).compactMap { $0.string.flatMap { SessionID(SessionID.prefix + $0) } }
    }

    package func leftEvents(
        in partition: Partition, olderThan age: Duration, limit: Int
    ) async throws(StoreError) -> [OutboxEntry] {
        let key = keys.outbox(partition)
        var pipeline = RedisPipeline()
        pipeline.command(
            "XRANGE", .string(key), "-", .string(Self.streamBound(try await now(), age)), "COUNT",
            .integer(Int64(limit)))
        let reply = try Self.value(try await sendOne(pipeline))
        var entries: [OutboxEntry] = []
        for item in reply.array ?? [] { entries.append(try entry(item, in: partition, key: key)) }
        return entries
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
    private func entry(
        _ item: RedisReply, in partition: Partition, key: String
    ) throws(StoreError) -> OutboxEntry {
        guard let parts = item.array, parts.count == 2, let id = parts[0].string, let fields = parts[1].array,
            fields.count == 4, let eventID = fields[1].string, let sealed = fields[3].bytes
        else { throw StoreError("the outbox \(key) holds something that is no event", mayHaveHappened: false) }
        let read = seal.read(sealed, at: .event(eventID, key: key), as: EventRecord.event)
        switch read {
        case .success(let event): return OutboxEntry(reference: .init(partition: partition, id: id), event: event)
        case .failure(let damage):
            throw StoreError("\(id) in \(damage.key) cannot be opened: \(damage.reason)", mayHaveHappened: false)
        }
    }

    private func now() async throws(StoreError) -> Timestamp {
        var pipeline = RedisPipeline()
        pipeline.command("TIME")
        return try Self.time(try await sendOne(pipeline))
    }

    private func sendOne(_ pipeline: consuming RedisPipeline) async throws(StoreError) -> RedisReply {
        guard let reply = try await send(pipeline).first else {
            throw StoreError("Redis answered nothing", mayHaveHappened: true)
        }
        return reply
    }

    /// The largest stream id that is `age` old: ids begin with the millisecond of their making.
    private static func streamBound(_ now: Timestamp, _ age: Duration) -> String {
        String(now.milliseconds - age.components.seconds * 1000)
    }
}
