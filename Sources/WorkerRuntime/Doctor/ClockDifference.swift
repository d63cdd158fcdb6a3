import RedisNIO
import SessionCore
import SessionEngine

/// How far the clock of Redis, by which Sojourn decides, is from that of this machine.
enum ClockDifference {
    /// What services that verify access tokens themselves put up with, in milliseconds (docs/verification.md).
    private static let tolerable: Int64 = 2000

    static func ask(_ redis: RedisClient) async throws -> [Finding] {
        var findings: [Finding] = []
        for master in try await redis.masters() {
            var pipeline = RedisPipeline()
            pipeline.command("TIME")
            let before = Timestamp.wallClock
            let replies = try await redis.send(pipeline, to: master)
            findings.append(finding(replies.first, between: before, and: .wallClock))
        }
        return findings
    }

    /// - Parameter reply: seconds and microseconds.
    static func finding(_ reply: RedisReply?, between before: Timestamp, and after: Timestamp) -> Finding {
        let parts = (reply?.array ?? []).map { $0.string.flatMap { Int64($0) } }
        guard parts.count == 2, let seconds = parts[0], let microseconds = parts[1],
            (0...253_402_300_799).contains(seconds), (0..<1_000_000).contains(microseconds)
        else { return .warning("clock", "Redis does not tell its time", mend: "allow its user TIME") }
        let time = seconds * 1000 + microseconds / 1000
        // It answered in between: only what lies outside is certain.
        let difference = time < before.milliseconds ? time - before.milliseconds : max(0, time - after.milliseconds)
        guard difference.magnitude > tolerable.magnitude else {
            return .ok("clock", "the clocks of Redis and of this machine agree")
        }
        let way = difference > 0 ? "ahead of" : "behind"
        return .warning(
            "clock", "the clock of Redis is \(difference.magnitude / 1000) s \(way) that of this machine",
            mend: "timedatectl set-ntp true, on both")
    }
}
