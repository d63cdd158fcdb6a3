import RedisNIO

extension RedisSessionStore: LaneStore {
    /// How long a redelivery count is kept after the last redelivery: longer than a message waits in a queue between
    /// two attempts.
    private static let deliveryMilliseconds: Int64 = 3_600_000

    /// Counts one more redelivery of each of these messages and returns each one's total.
    package func countDeliveries(of names: [String]) async throws(StoreError) -> [Int64] {
        var pipeline = RedisPipeline()
        for name in names {
            let key = keys.deliveries(name)
            pipeline.command("INCR", .string(key))
            pipeline.command("PEXPIRE", .string(key), .integer(Self.deliveryMilliseconds))
        }
        let replies = try await send(pipeline)
        var counts: [Int64] = []
        for index in stride(from: 0, to: replies.count, by: 2) {
            counts.append(try Self.value(replies[index]).integer ?? 0)
        }
        return counts
    }
}
