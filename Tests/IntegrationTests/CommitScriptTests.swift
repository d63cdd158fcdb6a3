import RedisNIO
import Testing

@testable import SessionStorage

/// `commit.lua` on its own, with commits of every shape.
@Suite("The commit script", .timeLimit(.minutes(2)))
struct CommitScriptTests {
    /// How many of each item a commit contains.
    struct Shape: CustomStringConvertible {
        var sets = 0
        var removals = 0
        var schedules = 0
        var cancellations = 0
        var events = 0
        var results = 0
        var activities = 0
        /// -1 leaves the aggregate's expiry unchanged, 0 removes it, any other number sets it in seconds.
        var retention = -1

        var description: String {
            """
            \(sets) sets, \(removals) removals, \(schedules) schedules, \(cancellations) cancellations, \(events) events, \
            \(results) results, \(activities) activities, retention \(retention)
            """
        }

        /// The commands that the script runs for it.
        var commands: Set<String> {
            var commands: Set = ["time", "hget", "type", "hset", "hincrby"]
            if removals > 0 { commands.insert("hdel") }
            if retention > 0 { commands.insert("expire") }
            if retention == 0 { commands.insert("persist") }
            if schedules > 0 { commands.insert("zadd") }
            if cancellations > 0 { commands.insert("zrem") }
            if events > 0 { commands.insert("xadd") }
            if results > 0 { commands.formUnion(["exists", "set"]) }
            if activities > 0 { commands.formUnion(["lpush", "ltrim", "pexpire"]) }
            return commands
        }
    }

    static let shapes = [
        Shape(sets: 1), Shape(removals: 1), Shape(schedules: 1), Shape(cancellations: 1), Shape(events: 1),
        Shape(results: 1), Shape(activities: 1), Shape(sets: 1, retention: 0), Shape(sets: 1, retention: 1),
        Shape(events: 1, retention: 0), Shape(events: 1, retention: 900),
        Shape(results: 2, activities: 2),
        Shape(
            sets: 2, removals: 2, schedules: 2, cancellations: 2, events: 2, results: 2, activities: 2, retention: 900),
        // More than Lua's stack holds.
        Shape(sets: 4001, removals: 8001, schedules: 4001, cancellations: 8001),
    ]
    static let commands = [
        "hdel", "expire", "persist", "zadd", "zrem", "xadd", "exists", "set", "lpush", "ltrim", "pexpire", "hset",
        "hincrby",
    ]

    @Test("the permissions for exactly the commands of a commit are checked before anything is written")
    func permissions() async throws {
        try await RedisUser.run(probes: false) { user in
            for command in Self.commands {
                for (number, shape) in Self.shapes.enumerated() {
                    let commit = ScriptedCommit(shape, named: "\(command)-\(number)", in: user.fixture.namespace)
                    try await user.set("-\(command)")
                    let reply = try await commit.run(over: user.client)
                    if shape.commands.contains(command) {
                        guard case .error(let words) = reply else {
                            Issue.record("-\(command) did not keep it from \(shape): \(reply)")
                            continue
                        }
                        #expect(words.hasPrefix("NOPERM"))
                        for key in commit.keys {
                            #expect(try await user.fixture.command("EXISTS", .string(key)) == .integer(0))
                        }
                    } else {
                        #expect(reply.array?.count == 1 + shape.events, "-\(command) kept it from \(shape): \(reply)")
                    }
                    try await user.set("+@all")
                    try await user.client.waitUntilConnected()
                }
            }
        }
    }

    @Test("each part is written where it belongs, and nothing else is written", arguments: shapes.indices)
    func layout(index: Int) async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let shape = Self.shapes[index]
            let commit = ScriptedCommit(shape, named: "\(index)", in: fixture.namespace)
            // Everything that it removes and cancels exists before.
            var before = RedisPipeline()
            for number in 0..<shape.removals {
                before.command("HSET", .string(commit.aggregate), .string("removed\(number)"), "x")
            }
            for number in 0..<shape.cancellations {
                before.command("ZADD", .string(commit.deadlines), "5", .string("cancelled\(number)"))
            }
            _ = try await fixture.client.send(before)
            _ = try await fixture.command("HSET", .string(commit.aggregate), "kept", "x")
            _ = try await fixture.command("EXPIRE", .string(commit.aggregate), "10000")
            let reply = try await commit.run(over: fixture.client)
            #expect(reply.array?.count == 1 + shape.events)

            let fields = try await fixture.command("HKEYS", .string(commit.aggregate)).array?.compactMap(\.string) ?? []
            let revision = shape.sets + shape.removals > 0 ? ["r"] : []
            let mayBeGone = shape.retention == 1 && fields.isEmpty
            #expect(mayBeGone || Set(fields) == Set((0..<shape.sets).map { "set\($0)" } + ["kept"] + revision))
            var after = RedisPipeline()
            for number in 0..<shape.sets {
                after.command("HGET", .string(commit.aggregate), .string("set\(number)"))
            }
            for (number, value) in try await fixture.client.send(after).enumerated() {
                #expect(shape.retention == 1 && value.isNull || value.string == "value\(number)")
            }
            let life = try await fixture.command("TTL", .string(commit.aggregate)).integer ?? -9
            if shape.sets + shape.removals > 0 {
                switch shape.retention {
                case 0: #expect(life == -1)
                // One second may be over already.
                case 1: #expect([-2, 0, 1].contains(life))
                case 1...: #expect((1...Int64(shape.retention)).contains(life))
                default: #expect(life > 9000)
                }
                if shape.retention != 1 {
                    #expect(
                        try await fixture.command("HGET", .string(commit.aggregate), "r").string
                            == reply.array?.first?.string)
                }
            } else {
                #expect(life > 9000)
            }
            let deadlines = try await fixture.command("ZRANGE", .string(commit.deadlines), "0", "-1", "WITHSCORES")
            #expect(
                deadlines.array?.compactMap(\.string) ?? []
                    == (0..<shape.schedules).flatMap { ["scheduled\($0)", "\(100 + $0)"] })
            let outbox = try await fixture.command("XRANGE", .string(commit.outbox), "-", "+").array ?? []
            #expect(outbox.map { $0.array?.first?.string } == (reply.array ?? []).dropFirst().map(\.string))
            #expect(
                outbox.map { $0.array?.last?.array?.compactMap(\.string) }
                    == (0..<shape.events).map { ["i", "event\($0)", "e", "sealed\($0)"] })
            for number in 0..<shape.results {
                #expect(try await fixture.command("GET", .string(commit.results[number])).string == "result\(number)")
                #expect(
                    (1...60_000).contains(
                        try await fixture.command("PTTL", .string(commit.results[number])).integer ?? 0))
            }
            for number in 0..<shape.activities {
                let entries = try await fixture.command("LRANGE", .string(commit.logs[number]), "0", "-1")
                #expect(entries.array?.map(\.string) == ["entry\(number)"])
                #expect(
                    (1...(70_000)).contains(
                        try await fixture.command("PTTL", .string(commit.logs[number])).integer ?? 0))
            }
        }
    }

    @Test("the latest 200 entries of an activity log are kept")
    func log() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let commit = ScriptedCommit(Shape(activities: 1), named: "log", in: fixture.namespace)
            for number in 0..<200 {
                _ = try await fixture.command("LPUSH", .string(commit.logs[0]), .string("\(number)"))
            }
            _ = try await commit.run(over: fixture.client)
            let entries = try await fixture.command("LRANGE", .string(commit.logs[0]), "0", "-1").array ?? []
            #expect(entries.count == 200)
            #expect(entries.first?.string == "entry0" && entries.last?.string == "1")
        }
    }

    @Test("everything is stored up to the last allowed millisecond, and nothing after it")
    func age() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let time = try await fixture.command("TIME").array?.compactMap(\.string).compactMap(Int64.init) ?? []
            try #require(time.count == 2)
            let now = time[0] * 1000 + time[1] / 1000
            var late = ScriptedCommit(Shape(sets: 1), named: "late", in: fixture.namespace)
            late.until = now - 1
            #expect(try await late.run(over: fixture.client) == .array([]))
            #expect(try await fixture.command("EXISTS", .string(late.aggregate)) == .integer(0))
            var timely = ScriptedCommit(Shape(sets: 1), named: "timely", in: fixture.namespace)
            timely.until = now + 30_000
            #expect(try await timely.run(over: fixture.client).array?.count == 1)
        }
    }

    @Test(
        "nothing is written if a key holds another type", arguments: ["deadlines", "outbox", "log0", "log1"], [0, 1])
    func types(key: String, cancellations: Int) async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let shape = Shape(sets: 1, schedules: 1, cancellations: cancellations, events: 1, results: 1, activities: 2)
            let commit = ScriptedCommit(shape, named: "types", in: fixture.namespace)
            let wrong = [
                "deadlines": commit.deadlines, "outbox": commit.outbox, "log0": commit.logs[0], "log1": commit.logs[1],
            ]
            let name = try #require(wrong[key])
            _ = try await fixture.command("SET", .string(name), "something else")
            guard case .error(let words) = try await commit.run(over: fixture.client) else {
                Issue.record("it was stored")
                return
            }
            #expect(words.hasPrefix("WRONGTYPE"))
            try await expectNothing(of: commit, but: name, in: fixture)
        }
    }

    @Test("nothing is written if one of the commands already has a result", arguments: 0..<3)
    func repetition(place: Int) async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let shape = Shape(sets: 1, events: 1, results: 3, activities: 1)
            let commit = ScriptedCommit(shape, named: "repetition", in: fixture.namespace)
            _ = try await fixture.command("SET", .string(commit.results[place]), "earlier")
            #expect(try await commit.run(over: fixture.client) == .array([]))
            try await expectNothing(of: commit, but: commit.results[place], in: fixture)
        }
    }

    @Test("nothing is written if the revision is not the one that was read")
    func revision() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let commit = ScriptedCommit(Shape(sets: 1, events: 1), named: "revision", in: fixture.namespace)
            let first = try #require(
                try await commit.run(over: fixture.client).array?.first?.string.flatMap(Int64.init))
            #expect(first > 0)
            #expect(try await commit.run(over: fixture.client) == .array([]))
        }
    }

    private func expectNothing(of commit: ScriptedCommit, but name: String, in fixture: RedisFixture) async throws {
        for each in commit.keys where each != name {
            #expect(try await fixture.command("EXISTS", .string(each)) == .integer(0), "\(each)")
        }
    }
}

/// A commit in the form of the script's arguments.
struct ScriptedCommit {
    let shape: CommitScriptTests.Shape
    let aggregate: String
    let deadlines: String
    let outbox: String
    let results: [String]
    let logs: [String]
    /// The last millisecond at which it may be stored.
    var until: Int64 = 253_402_300_800_000

    init(_ shape: CommitScriptTests.Shape, named name: String, in namespace: String) {
        self.shape = shape
        aggregate = "\(namespace):{0}:a:\(name)"
        deadlines = "\(namespace):{0}:d:\(name)"
        outbox = "\(namespace):{0}:o:\(name)"
        results = (0..<shape.results).map { "\(namespace):{0}:i:\(name)-\($0)" }
        logs = (0..<shape.activities).map { "\(namespace):{0}:l:\(name)-\($0)" }
    }

    var keys: [String] { [aggregate, deadlines, outbox] + results + logs }

    func run(over client: RedisClient) async throws -> RedisReply {
        var arguments: [String] = ["0", "60000", "\(shape.retention)"]
        arguments += [
            shape.sets, shape.removals, shape.schedules, shape.cancellations, shape.events, shape.results,
        ].map(String.init)
        arguments.append("\(until)")
        for number in 0..<shape.sets { arguments += ["set\(number)", "value\(number)"] }
        for number in 0..<shape.removals { arguments.append("removed\(number)") }
        for number in 0..<shape.schedules { arguments += ["\(100 + number)", "scheduled\(number)"] }
        for number in 0..<shape.cancellations { arguments.append("cancelled\(number)") }
        for number in 0..<shape.events { arguments += ["event\(number)", "sealed\(number)"] }
        for number in 0..<shape.results { arguments.append("result\(number)") }
        for number in 0..<shape.activities { arguments += ["entry\(number)", "70000"] }
        var pipeline = RedisPipeline()
        pipeline.evaluate(RedisSessionStore.commitScript, keys: keys, arguments: arguments.map { .string($0) })
        return try #require(try await client.send(pipeline).first)
    }
}
