import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import RedisNIO

/// Three masters with a replica each, owned by the test.
struct RealCluster {
    let servers: [RedisServerProcess]

    static func run(_ body: (RealCluster) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sojourn-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var servers: [RedisServerProcess] = []
        for number in 0..<6 {
            servers.append(
                try await .start([
                    "--cluster-enabled", "yes", "--cluster-config-file", "nodes-\(number).conf", "--cluster-port",
                    "\(try await RedisServerProcess.freePort())", "--cluster-node-timeout", "1000", "--dir",
                    folder.path,
                ]))
        }
        let cluster = RealCluster(servers: servers)
        try cluster.create()
        try await cluster.settle()
        try await body(cluster)
        withExtendedLifetime(servers) {}
    }

    var url: String { "redis+cluster://\(servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ","))" }

    private func create() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["redis-cli", "--cluster", "create"] + servers.map { "127.0.0.1:\($0.port)" }
            + ["--cluster-replicas", "1", "--cluster-yes"]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Unavailable(description: "the cluster could not be made; is redis-cli installed?")
        }
    }

    /// Waits until every node finds the cluster whole, and every master has a replica that is in step.
    private func settle() async throws {
        for server in servers {
            while true {
                let state = try await ask(server, "CLUSTER", "INFO").string ?? ""
                let replication = try await ask(server, "INFO", "replication").string ?? ""
                let isInStep = replication.contains("state=online") || replication.contains("master_link_status:up")
                if state.contains("cluster_state:ok"), isInStep { break }
            }
        }
    }

    /// Sends one command to one node.
    @discardableResult
    func ask(_ server: RedisServerProcess, _ command: String, _ arguments: RedisArgument...) async throws -> RedisReply
    {
        let connection = try await RedisConnection.connect(
            RedisConfiguration(host: "127.0.0.1", port: server.port), on: MultiThreadedEventLoopGroup.singleton.any(),
            logger: silent)
        var pipeline = RedisPipeline()
        pipeline.command(command, arguments: arguments)
        let reply = try #require(try await connection.send(pipeline).first)
        await connection.close()
        return reply
    }

    /// The master of a slot, and its id, as the first node knows it.
    func master(of slot: Int) async throws -> (server: RedisServerProcess, id: String) {
        let ranges = try await ask(servers[0], "CLUSTER", "SLOTS").array ?? []
        for range in ranges {
            guard let parts = range.array, let first = parts[0].integer, let last = parts[1].integer,
                first...last ~= Int64(slot), let node = parts[2].array, let id = node[2].string,
                let server = servers.first(where: { Int64($0.port) == node[1].integer })
            else { continue }
            return (server, id)
        }
        throw Unavailable(description: "nobody serves the slot")
    }
}
