import RedisNIO
import SessionCore

/// What waits in all partitions, for operators.
package struct StoreBacklog: Equatable, Sendable {
    /// Events that are stored and not yet cleared: about to be published, refused, or left behind by a worker.
    package var events = 0
    /// How long the oldest of them has been stored, in seconds; 0 if there are none.
    package var oldestEventSeconds: Double = 0
    /// How long the earliest deadline has passed that was not carried out yet, in seconds; 0 if none has.
    package var overdueSeconds: Double = 0
}

extension RedisSessionStore {
    /// The most that a partition's outbox counts as, so that no reply makes the sum overflow.
    private static let mostEvents: Int64 = 1 << 40

    /// Measures what waits in all partitions. One or two round trips.
    package func backlog() async throws(StoreError) -> StoreBacklog {
        let now = try await now()
        var pipeline = RedisPipeline(capacity: 32 * 1024)
        for partition in Partition.all {
            pipeline.command("XLEN", .string(keys.outbox(partition)))
            pipeline.command(
                "ZRANGEBYSCORE", .string(keys.deadlines(partition)), "-inf", .integer(now.milliseconds), "WITHSCORES",
                "LIMIT", "0", "1")
        }
        var backlog = StoreBacklog()
        var filled: [Partition] = []
        for (index, reply) in try await send(pipeline).enumerated() {
            let reply = try Self.value(reply)
            if index.isMultiple(of: 2) {
                guard let length = reply.integer, length >= 0 else { throw await distrust("XLEN") }
                backlog.events += Int(min(length, Self.mostEvents))
                if length > 0 { filled.append(Partition.all[index / 2 % Partition.all.count]) }
            } else {
                guard let found = reply.array, found.count <= 2 else { throw await distrust("ZRANGEBYSCORE") }
                guard let deadline = found.last?.string.flatMap(Double.init), deadline.isFinite else { continue }
                backlog.overdueSeconds = max(backlog.overdueSeconds, (Double(now.milliseconds) - deadline) / 1000)
            }
        }
        backlog.oldestEventSeconds = try await oldestEventSeconds(in: filled, at: now)
        return backlog
    }

    /// Only the id of an entry matters, which begins with the millisecond of its creation.
    private func oldestEventSeconds(
        in partitions: [Partition], at now: Timestamp
    ) async throws(StoreError) -> Double {
        guard !partitions.isEmpty else { return 0 }
        var pipeline = RedisPipeline()
        for partition in partitions {
            pipeline.command("XRANGE", .string(keys.outbox(partition)), "-", "+", "COUNT", "1")
        }
        var oldest: Double = 0
        for reply in try await send(pipeline) {
            guard let items = try Self.value(reply).array, items.count <= 1 else { throw await distrust("XRANGE") }
            // It may have been cleared in the meantime.
            guard let id = items.first?.array?.first?.string.flatMap(StreamID.init) else { continue }
            oldest = max(oldest, Double(now.milliseconds - Int64(clamping: id.milliseconds)) / 1000)
        }
        return oldest
    }
}
