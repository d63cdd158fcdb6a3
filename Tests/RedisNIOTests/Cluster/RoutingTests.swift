import NIOCore
import Testing

@testable import RedisNIO

@Suite("Routing in a cluster")
struct RoutingTests {
    @Test(
        "the slots of keys are those of the specification",
        arguments: [
            // CRC-16/XMODEM of "123456789" is 0x31C3; the others are what `CLUSTER KEYSLOT` answers.
            ("123456789", 0x31C3), ("foo", 12_182), ("somekey", 11_058), ("foo{hash_tag}", 2515),
            ("bar{hash_tag}", 2515), ("hello", 866), ("", 0),
        ])
    func slots(key: String, slot: Int) {
        #expect(HashSlot.slot(of: Array(key.utf8)) == slot)
    }

    @Test(
        "a key is hashed by the part between its first braces, if there is one",
        arguments: [
            ("{user1000}.following", "user1000"), ("foo{}{bar}", "foo{}{bar}"), ("foo{{bar}}zap", "{bar"),
            ("foo{bar}{zap}", "bar"), ("foo{bar", "foo{bar"), ("foo}bar{", "foo}bar{"), ("sojourn:{a0}:d", "a0"),
        ])
    func tags(key: String, tag: String) {
        #expect(HashSlot.slot(of: Array(key.utf8)) == HashSlot.slot(of: Array("x{\(tag)}".utf8)) || key == tag)
        if key == tag { #expect(HashSlot.slot(of: Array(key.utf8)) != HashSlot.slot(of: Array("bar".utf8))) }
    }

    @Test("each command of a pipeline goes to the slot of its first key, or to none")
    func commands() {
        let script = RedisScript(name: "s", source: "return 1")
        var pipeline = RedisPipeline()
        pipeline.command("TIME")
        pipeline.command("GET", "foo")
        pipeline.evaluate(script, keys: ["{somekey}1", "{somekey}2"], arguments: ["foo", .bytes([13, 10, 36, 0])])
        pipeline.evaluate(script, keys: [], arguments: ["foo"])
        pipeline.command("SCAN", "foo", "MATCH", "hello")
        pipeline.command("HSET", .bytes(Array("hello".utf8)), "field", 7)
        pipeline.command("CONFIG", "GET", "foo")
        let commands = pipeline.commands
        #expect(commands.map(\.slot) == [nil, 12_182, 11_058, nil, nil, 866, nil])
        #expect(commands.first?.range.lowerBound == 0)
        #expect(commands.last?.range.upperBound == pipeline.byteCount)
        #expect(zip(commands, commands.dropFirst()).allSatisfy { $0.range.upperBound == $1.range.lowerBound })
        #expect(pipeline.homeSlot(commands) == 12_182)
        pipeline.home = "hello"
        #expect(pipeline.homeSlot(commands) == 866)
    }

    @Test("a part of a pipeline has some of its commands, with their scripts")
    func parts() throws {
        let script = RedisScript(name: "s", source: "return 1")
        var pipeline = RedisPipeline()
        pipeline.replyBudget = ReplyBudget(total: 10, each: 5)
        pipeline.command("GET", "a")
        pipeline.evaluate(script, keys: ["b"])
        pipeline.command("GET", "c")
        pipeline.evaluate(script, keys: ["d"])
        pipeline.evaluate(script, keys: ["e"])
        let hash = String(repeating: "e", count: 40)
        var catalogue = ScriptCatalogue()
        catalogue.record(try #require(ScriptHash(.bulk(Array(hash.utf8)))), for: script)

        var part = pipeline.part([0, 3], of: pipeline.commands, isAsking: false)
        #expect(part.count == 2 && part.replyBudget.total == 10 && part.replyBudget.each == 5)
        #expect(part.scriptCalls.map(\.command) == [1])
        #expect(part.fillIn(from: ScriptCatalogue()) == script)
        #expect(part.fillIn(from: catalogue) == nil)
        #expect(String(buffer: part.buffer) == encoded("GET", "a") + encoded("EVALSHA", hash, "1", "d"))

        // Of a pipeline that was sent, the hashes remain.
        #expect(pipeline.fillIn(from: catalogue) == nil)
        part = pipeline.part([1, 2, 4], of: pipeline.commands, isAsking: true)
        #expect(part.scriptCalls.map(\.command) == [1, 5])
        #expect(
            String(buffer: part.buffer)
                == [encoded("EVALSHA", hash, "1", "b"), encoded("GET", "c"), encoded("EVALSHA", hash, "1", "e")]
                .map { encoded("ASKING") + $0 }.joined())
    }

    // MARK: Replies

    private static func node(_ host: RedisReply, _ port: Int64) -> RedisReply {
        .array([host, .integer(port), .bulk(Array("id".utf8)), .array([])])
    }

    private static func range(_ first: Int64, _ last: Int64, _ nodes: RedisReply...) -> RedisReply {
        .array([.integer(first), .integer(last)] + nodes)
    }

    private static let host = RedisReply.bulk(Array("h".utf8))

    @Test("a table of slots is read, with the host that was asked where a node names none")
    func table() throws {
        let reply = RedisReply.array([
            Self.range(0, 99, Self.node(Self.host, 1), Self.node(Self.host, 9)),
            Self.range(100, 16_382, Self.node(.null, 2)), Self.range(16_383, 16_383, Self.node(.bulk([]), 2)),
        ])
        var table = try SlotTable(reply, from: "asked")
        #expect(table.masters == [RedisEndpoint(host: "h", port: 1), RedisEndpoint(host: "asked", port: 2)])
        #expect([0, 99, 100, 16_383].map(table.owner(of:)) == [0, 0, 1, 1])
        let isTaken = table.assign(5, to: RedisEndpoint(host: "new", port: 3))
        #expect(isTaken)
        #expect([4, 5, 6].map { table.masters[table.owner(of: $0)].port } == [1, 3, 1])
    }

    @Test(
        "a table that makes no sense, or lacks slots, is refused",
        arguments: [
            .null, .array([]), .integer(1), .simple("OK"), .error("ERR This instance has cluster support disabled"),
            .error("NOPERM no"), .array([.integer(1)]), .array([.array([])]),
            .array([range(0, 16_383)]), .array([range(0, 16_384, node(host, 1))]),
            .array([range(-1, 16_383, node(host, 1))]),
            .array([range(5, 4, node(host, 1))]), .array([range(.max, .min, node(host, 1))]),
            .array([range(0, 16_382, node(host, 1))]), .array([range(1, 16_383, node(host, 1))]),
            .array([range(0, 16_383, node(host, 0))]), .array([range(0, 16_383, node(host, 65_536))]),
            .array([range(0, 16_383, node(host, .max))]), .array([range(0, 16_383, node(.integer(1), 1))]),
            .array([range(0, 16_383, node(.bulk(Array("a b".utf8)), 1))]),
            .array([range(0, 16_383, node(.simple("?"), 1))]),
            .array([range(0, 16_383, node(.bulk([UInt8](repeating: 65, count: 256)), 1))]),
            .array([range(0, 16_383, .array([host]))]), .array([range(0, 16_383, host)]),
        ] as [RedisReply])
    func refusesTable(reply: RedisReply) {
        #expect(throws: RedisError.self) { try SlotTable(reply, from: "asked") }
    }

    @Test("there are never more than 500 masters, and never more ranges than slots")
    func mostMasters() throws {
        let tooMany = [
            (0..<501).map { Self.range($0, $0, Self.node(Self.host, $0 + 1)) }
                + [Self.range(501, 16_383, Self.node(Self.host, 1))],
            [RedisReply](repeating: Self.range(0, 16_383, Self.node(Self.host, 1)), count: 16_385),
        ]
        for ranges in tooMany {
            let error = #expect(throws: RedisError.self) { try SlotTable(.array(ranges), from: "asked") }
            #expect(error?.code == .protocolViolation)
        }
        var table = try SlotTable(.array([Self.range(0, 16_383, Self.node(Self.host, 1))]), from: "asked")
        let areTaken = (1..<500).map { table.assign($0, to: RedisEndpoint(host: "h", port: $0 + 1)) }
        #expect(!areTaken.contains(false))
        let isOneMore = table.assign(500, to: RedisEndpoint(host: "h", port: 501))
        #expect(!isOneMore && table.owner(of: 500) == 0)
        let isKnown = table.assign(500, to: RedisEndpoint(host: "h", port: 500))
        #expect(isKnown && table.owner(of: 500) == 499)
    }

    @Test("redirections are read")
    func redirections() {
        let target = RedisEndpoint(host: "10.0.0.1", port: 6381)
        func read(_ text: String) -> Redirection? { Redirection(.error(text), from: "asked") }
        #expect(read("MOVED 3999 10.0.0.1:6381")?.way == .moved(target))
        #expect(read("MOVED 3999 10.0.0.1:6381")?.slot == 3999)
        #expect(read("ASK 16383 10.0.0.1:6381")?.way == .ask(target))
        #expect(read("MOVED 0 ::1:7000")?.way == .moved(RedisEndpoint(host: "::1", port: 7000)))
        #expect(read("MOVED 0 :7000")?.way == .moved(RedisEndpoint(host: "asked", port: 7000)))
        #expect(read("TRYAGAIN Multiple keys request during rehashing of slot")?.way == .tryAgain)
    }

    @Test(
        "redirections that make no sense are none",
        arguments: [
            "MOVED", "MOVED ", "MOVED 1", "MOVED 1 h", "MOVED 1 h:", "MOVED 1 h:0", "MOVED 1 h:65536", "MOVED 1 h:x",
            "MOVED 1 h:-1", "MOVED -1 h:1", "MOVED 16384 h:1", "MOVED x h:1", "MOVED 99999999999999999999 h:1",
            "MOVED 1 h:99999999999999999999", "MOVED 1 h:1 more", "MOVED 1 ?:1",
            "MOVED 1 \(String(repeating: "h", count: 256)):1",
            "MOVED 1 a\u{0}b:1", "moved 1 h:1", "ASK", "ASK 1 h", "TRYAGAIN", "CLUSTERDOWN The cluster is down",
            "ERR x", "",
        ])
    func nonsense(text: String) {
        #expect(Redirection(.error(text), from: "asked") == nil)
        #expect(Redirection(.simple(text), from: "asked") == nil)
    }
}
