import ConnectionSupport
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import RedisNIO

@Suite("A client of a real cluster", .timeLimit(.minutes(2)))
struct RealClusterTests {
    /// Adds one to each of two keys, and returns the sum of both.
    private static let script = RedisScript(
        name: "add", source: "return redis.call('INCR', KEYS[1]) + redis.call('INCR', KEYS[2])")

    private func withClient(
        _ cluster: RealCluster, probe: RedisProbe? = nil, _ body: (RedisClient) async throws -> Void
    ) async throws {
        let client = try RedisClient(
            RedisConfiguration(url: cluster.url), scripts: [Self.script], probe: probe,
            on: MultiThreadedEventLoopGroup.singleton.any(), logger: silent)
        client.start()
        try await client.waitUntilConnected()
        try await body(client)
        await client.shutdown()
    }

    private func add(_ tags: [String]) -> RedisPipeline {
        var pipeline = RedisPipeline()
        for tag in tags { pipeline.evaluate(Self.script, keys: ["{\(tag)}1", "{\(tag)}2"]) }
        return pipeline
    }

    @Test("pipelines over all slots are answered in order, with scripts, and slots are those that the server computes")
    func everywhere() async throws {
        try await RealCluster.run { cluster async throws in
            var random = SeededRandom(seed: 7)
            for _ in 0..<50 {
                let key = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                    Array("ab{}\u{0}".utf8).randomElement(using: &random) ?? 0
                }
                let slot = try await cluster.ask(cluster.servers[0], "CLUSTER", "KEYSLOT", .bytes(key))
                #expect(slot == .integer(Int64(HashSlot.slot(of: key))), "\(key)")
            }
            let probe = RedisProbe(
                script: RedisScript(name: "probe", source: "return {}"), keySets: (0..<256).map { ["p{\($0)}"] },
                keysDescription: "p*")
            try await withClient(cluster, probe: probe) { client async throws in
                let tags = (0..<500).map { "\($0)" }
                #expect(try await client.send(add(tags)) == tags.map { _ in .integer(2) })
                #expect(try await client.masters().count == 3)
                var times = RedisPipeline()
                times.home = "{5}"
                times.command("CONFIG", "GET", "port")
                let port = try await client.send(times).first?.array?.last?.integer
                let (owner, _) = try await cluster.master(of: HashSlot.slot(of: Array("5".utf8)))
                #expect(port == Int64(owner.port))
                var scan = RedisPipeline()
                scan.command("DBSIZE")
                var keys: Int64 = 0
                for master in try await client.masters() {
                    keys += try await client.send(scan, to: master).first?.integer ?? 0
                }
                #expect(keys == 1000)
            }
        }
    }

    @Test("while a slot moves under load, every command that is answered ran once, and none is lost")
    func slotMoves() async throws {
        try await RealCluster.run { cluster async throws in
            let slot = HashSlot.slot(of: Array("tag".utf8))
            let (source, sourceID) = try await cluster.master(of: slot)
            let (target, targetID) = try await cluster.master(of: (slot + 8192) % HashSlot.count)
            try #require(source.port != target.port)
            try await withClient(cluster) { client async throws in
                let counted = Mutex(0)
                let (refusals, refusal) = AsyncStream.makeStream(of: Void.self)
                let isMoving = Mutex(true)
                let load = Task {
                    var after = 0
                    while after < 20 {
                        if !isMoving.withLock({ $0 }) { after += 1 }
                        try await client.waitUntilConnected()
                        guard let replies = try? await client.send(add(["tag", "other", "tag"])) else { continue }
                        for reply in [replies[0], replies[2]] {
                            switch reply {
                            case .integer: counted.withLock { $0 += 1 }
                            case .error(let words) where words.hasPrefix("TRYAGAIN"): refusal.yield()
                            default: Issue.record("\(reply)")
                            }
                        }
                    }
                }
                for key in ["{tag}1", "{tag}2"] { _ = try await client.send(setting(key)) }
                for (server, words) in [(target, "IMPORTING \(sourceID)"), (source, "MIGRATING \(targetID)")] {
                    let parts = words.split(separator: " ").map { RedisArgument.string(String($0)) }
                    try await cluster.ask(server, "CLUSTER", "SETSLOT", .integer(Int64(slot)), parts[0], parts[1])
                }
                // The first key alone, until the script has been told to try again more often than it does.
                for key in ["{tag}1", "{tag}2"] {
                    let reply = try await cluster.ask(
                        source, "MIGRATE", "127.0.0.1", .integer(Int64(target.port)), .string(key), 0, 5000)
                    #expect(reply == .simple("OK"))
                    if key == "{tag}1" { for await _ in refusals { break } }
                }
                for server in [target, source] {
                    try await cluster.ask(
                        server, "CLUSTER", "SETSLOT", .integer(Int64(slot)), "NODE", .string(targetID))
                }
                isMoving.withLock { $0 = false }
                try await load.value
                let sent = counted.withLock { $0 }
                var get = RedisPipeline()
                get.command("GET", "{tag}1")
                #expect(try await client.send(get).first?.integer == Int64(sent))
                #expect(try await cluster.ask(target, "GET", "{tag}2").integer == Int64(sent))
            }
        }
    }

    private func setting(_ key: String) -> RedisPipeline {
        var pipeline = RedisPipeline()
        pipeline.command("SET", .string(key), 0, "NX")
        return pipeline
    }

    @Test("after a master was killed, its replica is used, and every slot is served again")
    func failsOver() async throws {
        try await RealCluster.run { cluster async throws in
            try await withClient(cluster) { client async throws in
                let tags = (0..<256).map { "\($0)" }
                _ = try await client.send(add(tags))
                let (victim, _) = try await cluster.master(of: 0)
                victim.kill()
                while true {
                    try await client.waitUntilConnected()
                    guard let replies = try? await client.send(add(tags)) else { continue }
                    if replies.allSatisfy({ $0.serverError == nil }) { break }
                }
                let masters = try await client.masters()
                #expect(masters.count == 3 && !masters.contains(victim.endpoint))
            }
        }
    }

    @Test("a server that is no cluster node, and a cluster that is not whole, are named as such")
    func noCluster() async throws {
        let single = try await RedisServerProcess.start()
        let folder = FileManager.default.temporaryDirectory.appending(path: "sojourn-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let lonely = try await RedisServerProcess.start([
            "--cluster-enabled", "yes", "--dir", folder.path, "--cluster-port",
            "\(try await RedisServerProcess.freePort())",
        ])
        for (server, words) in [(single, "is it part of a cluster?"), (lonely, "serves 0 of its 16384 slots")] {
            let opener = try RedisLinkOpener(
                RedisConfiguration(url: "redis+cluster://127.0.0.1:\(server.port)"), scripts: [], probe: nil,
                logger: silent)
            let error = await #expect(throws: RedisError.self) {
                _ = try await opener.open(on: MultiThreadedEventLoopGroup.singleton.any()).get()
            }
            #expect(error?.code == .server)
            #expect(error?.message.contains(words) == true, "\(String(describing: error))")
        }
    }
}
