import ConnectionSupport
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import RedisNIO

/// A master, two replicas and three Sentinels, owned by the test.
private struct SentinelSet {
    let master: RedisServerProcess
    let replicas: [RedisServerProcess]
    let sentinels: [RedisServerProcess]
    let folder: URL

    static func run(
        password: String? = nil, sentinelPassword: String? = nil, _ body: (SentinelSet) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sojourn-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let secrets = password.map { ["--requirepass", $0, "--masterauth", $0] } ?? []
        let master = try await RedisServerProcess.start(secrets)
        var replicas: [RedisServerProcess] = []
        for _ in 0..<2 {
            replicas.append(try await .start(secrets + ["--replicaof", "127.0.0.1", "\(master.port)"]))
        }
        var settings = password.map { "sentinel auth-pass main \($0)" } ?? ""
        if let sentinelPassword { settings += "\nrequirepass \(sentinelPassword)" }
        var sentinels: [RedisServerProcess] = []
        for _ in 0..<3 {
            sentinels.append(try await .startSentinel(of: master, quorum: 2, in: folder, settings))
        }
        try await body(SentinelSet(master: master, replicas: replicas, sentinels: sentinels, folder: folder))
        withExtendedLifetime((master, replicas, sentinels)) {}
    }

    func url(_ credentials: String = "", name: String = "main", _ query: String = "") -> String {
        "redis+sentinel://\(credentials)\(sentinels.map { "127.0.0.1:\($0.port)" }.joined(separator: ","))/\(name)\(query)"
    }

    /// Waits until every Sentinel knows both replicas and both other Sentinels, without which there is no fail-over.
    func settle(_ credentials: String? = nil) async throws {
        for sentinel in sentinels {
            var configuration = RedisConfiguration(host: "127.0.0.1", port: sentinel.port)
            configuration.password = credentials
            let connection = try await RedisConnection.connect(
                configuration, on: MultiThreadedEventLoopGroup.singleton.any(), logger: silent)
            while true {
                var pipeline = RedisPipeline()
                pipeline.command("SENTINEL", "master", "main")
                let fields = (try await connection.send(pipeline).first?.array ?? []).map { $0.string ?? "" }
                func field(_ name: String) -> String? {
                    fields.firstIndex(of: name).map { fields[$0 + 1] }
                }
                if field("num-slaves") == "2", field("num-other-sentinels") == "2", field("flags") == "master" { break }
            }
            await connection.close()
        }
    }

    /// Makes one of the replicas the master, while the old one is alive.
    func failOver() async throws {
        let connection = try await RedisConnection.connect(
            RedisConfiguration(host: "127.0.0.1", port: sentinels[0].port),
            on: MultiThreadedEventLoopGroup.singleton.any(), logger: silent)
        var pipeline = RedisPipeline()
        pipeline.command("SENTINEL", "FAILOVER", "main")
        #expect(try await connection.send(pipeline) == [.simple("OK")])
        await connection.close()
    }
}

@Suite("A client of a real Sentinel set", .timeLimit(.minutes(2)))
struct SentinelSetTests {
    @Test("the client finds the new master after the old one was killed")
    func failsOver() async throws {
        try await SentinelSet.run { set async throws in
            try await set.settle()
            let (states, continuation) = AsyncStream.makeStream(of: RedisClientState.self)
            let client = try RedisClient(
                RedisConfiguration(url: set.url()), on: MultiThreadedEventLoopGroup.singleton.any(), logger: silent
            ) { continuation.yield($0) }
            client.start()
            try await client.waitUntilConnected()
            #expect(try await port(client) == set.master.port)

            set.master.kill()
            for await state in states { if case .disconnected = state { break } }
            try await client.waitUntilConnected()
            let new = try await port(client)
            #expect(set.replicas.contains { $0.port == new })
            await client.shutdown()
        }
    }

    @Test("the client leaves a master that is alive when the Sentinels make another one, and connects to no replica")
    func deposed() async throws {
        try await SentinelSet.run { set async throws in
            try await set.settle()
            let configuration = try RedisConfiguration(url: set.url())
            let loop = MultiThreadedEventLoopGroup.singleton.any()
            let connector = try RedisConnector(configuration: configuration, scripts: [], logger: silent)
            let error = await #expect(throws: RedisError.self) {
                _ = try await connector.open(set.replicas[0].endpoint, on: loop).get()
            }
            #expect(error?.message == "the server is not the master: it is a replica, or was one until now")

            let client = try RedisClient(configuration, on: loop, logger: silent)
            client.start()
            try await client.waitUntilConnected()
            try await set.failOver()
            while try await usable(client) == set.master.port {}
            await client.shutdown()
        }
    }

    /// The port of the server that the client leads to, as soon as it leads to one.
    private func usable(_ client: RedisClient) async throws -> Int {
        while true {
            try await client.waitUntilConnected()
            if let port = try? await port(client) { return port }
        }
    }

    @Test("the servers and the Sentinels have credentials of their own, and each must be right")
    func credentials() async throws {
        try await SentinelSet.run(password: "data", sentinelPassword: "watch") { set async throws in
            func client(_ url: String) async throws {
                let opener = try RedisLinkOpener(
                    RedisConfiguration(url: url), scripts: [], probe: nil, logger: silent)
                let link = try await opener.open(on: MultiThreadedEventLoopGroup.singleton.any()).get()
                link.beginClosing()
                _ = try await link.closeFuture.get()
            }
            try await client(set.url(":data@", "?sentinel-password=watch"))
            try await client(set.url("default:data@", "?sentinel-user=default&sentinel-password=watch"))
            for url in [
                set.url(":data@"), set.url(":data@", "?sentinel-password=hunter2"),
                set.url("", "?sentinel-password=watch"),
                set.url(":hunter2@", "?sentinel-password=watch"),
            ] {
                let error = await #expect(throws: RedisError.self) { try await client(url) }
                #expect(error?.code == .authenticationFailed)
                #expect(!"\(error, default: "")".contains("hunter2"))
            }
            let error = await #expect(throws: RedisError.self) {
                try await client(set.url(":data@", name: "other", "?sentinel-password=watch"))
            }
            #expect(error?.code == .server)
        }
    }

    /// The port of the server that the client leads to, which takes a write.
    private func port(_ client: RedisClient) async throws -> Int {
        var pipeline = RedisPipeline()
        pipeline.command("SET", "k", 1)
        pipeline.command("CONFIG", "GET", "port")
        let replies = try await client.send(pipeline)
        #expect(replies.first == .simple("OK"))
        return Int(try #require(replies.last?.array?.last?.integer))
    }
}
