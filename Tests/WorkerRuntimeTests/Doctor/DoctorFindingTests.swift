import RedisNIO
import SessionCore
import Testing

@testable import WorkerRuntime

@Suite("What a doctor makes of what Redis says")
struct DoctorFindingTests {
    private func level(_ check: String, of redis: RedisDescription, replicas: Int = 0) -> Finding.Level? {
        var configuration = WorkerConfiguration()
        configuration.redisReplicas = replicas
        return RedisFindings(configuration, redis).all.first { $0.check == check }?.level
    }

    @Test("only an append-only file keeps what was acknowledged")
    func persistence() {
        for (appends, snapshots, writes, expected) in [
            (true, "", nil, Finding.Level.ok), (true, "", true, .ok), (true, "", false, .problem),
            (false, "", nil, .problem), (false, "3600 1", nil, .warning), (false, nil, nil, .warning),
            (nil, "3600 1", nil, .warning), (nil, nil, false, .problem),
        ] as [(Bool?, String?, Bool?, Finding.Level)] {
            var redis = RedisDescription([])
            (redis.appendsToFile, redis.snapshots, redis.writesToDisk) = (appends, snapshots, writes)
            #expect(level("redis.persistence", of: redis) == expected)
        }
    }

    @Test("memory is told from 90 percent on, if it has a maximum")
    func memory() {
        for (used, maximum, expected) in [
            (89, 100, Finding.Level.ok), (90, 100, .warning), (200, 100, .warning), (1, 0, nil), (nil, 100, nil),
            (.max, 1, .warning), (.min, 1, .ok),
        ] as [(Int?, Int?, Finding.Level?)] {
            var redis = RedisDescription([])
            (redis.usedMemory, redis.maximumMemory) = (used, maximum)
            #expect(level("redis.memory", of: redis) == expected)
        }
    }

    @Test("replicas are compared with how many must confirm")
    func replicas() {
        for (connected, needed, expected) in [
            (0, 0, nil), (1, 0, Finding.Level.warning), (1, 1, .ok), (0, 1, .problem), (nil, 1, nil),
        ] as [(Int?, Int, Finding.Level?)] {
            var redis = RedisDescription([])
            redis.connectedReplicas = connected
            #expect(level("redis.replicas", of: redis, replicas: needed) == expected)
        }
    }

    @Test("a difference of the clocks counts beyond two seconds, and what lies within the round trip is none")
    func clocks() {
        func level(_ seconds: Int64, _ roundTrip: Int64 = 0) -> Finding.Level {
            let before = Timestamp(milliseconds: 1_795_212_000_000)
            let reply = RedisReply.array([text("\(1_795_212_000 + seconds)"), text("0")])
            return ClockDifference.finding(
                reply, between: before, and: Timestamp(milliseconds: before.milliseconds + roundTrip)
            ).level
        }
        #expect([level(0), level(2), level(-2), level(3), level(-3)] == [.ok, .ok, .ok, .warning, .warning])
        #expect(level(10, 10_000) == .ok && level(13, 10_000) == .warning)
    }

    @Test(
        "a time that is none is no difference",
        arguments: [
            nil, .array([]), .error("NOPERM no"), .array([.bulk(Array("1".utf8))]),
            .array([.bulk(Array("9223372036854775807".utf8)), .bulk(Array("0".utf8))]),
            .array([.bulk(Array("1".utf8)), .bulk(Array("1000000".utf8))]),
        ] as [RedisReply?])
    func nonsense(reply: RedisReply?) {
        let now = Timestamp(milliseconds: 1_795_212_000_000)
        let finding = ClockDifference.finding(reply, between: now, and: now)
        #expect(finding.level == .warning && finding.message == "Redis does not tell its time")
    }

    private func text(_ text: String) -> RedisReply { .bulk(Array(text.utf8)) }
}
