import NIOCore
import NIOEmbedded
import Testing

@testable import RedisNIO

/// A link to a cluster of three masters, a third of the slots each, that the test plays, on a clock that it controls.
final class ClusterStage {
    static let script = RedisScript(name: "s", source: "return 1")
    static let hash = String(repeating: "a", count: 40)
    /// A key of each master.
    static let keys = ["hello", "k", "foo"]

    let loop = EmbeddedEventLoop()
    let router: ClusterRouter
    let link: RedisClusterLink
    let servers: [ScriptedServer]
    private let attempts: Recorder<(RedisEndpoint, EventLoopPromise<RedisConnection>)>
    /// Kept alive: a released server closes its connection.
    private var more: [ScriptedServer] = []

    init(_ change: @escaping (inout RedisConfiguration) -> Void = { _ in }) throws {
        let loop = loop
        let attempts = Recorder<(RedisEndpoint, EventLoopPromise<RedisConnection>)>()
        self.attempts = attempts
        let table = try SlotTable(Self.slots, from: "h")
        servers = try table.masters.map { try Self.server(at: $0, on: loop, change) }
        let nodes = ClusterNodes(servers.map(\.connection), on: loop) { node, _ in
            let promise = loop.makePromise(of: RedisConnection.self)
            attempts.append((node, promise))
            return promise.futureResult
        }
        router = ClusterRouter(table, nodes, patience: .seconds(2))
        link = RedisClusterLink(router, on: loop)
    }

    private static func server(
        at endpoint: RedisEndpoint, on loop: EmbeddedEventLoop, _ change: (inout RedisConfiguration) -> Void = { _ in }
    ) throws -> ScriptedServer {
        try ScriptedServer(loop: loop, endpoint: endpoint, scripts: [(script, hash)], change: change)
    }

    private static let ranges: [(first: Int64, last: Int64)] = [(0, 5460), (5461, 10_922), (10_923, 16_383)]

    static var slots: RedisReply {
        .array(
            ranges.enumerated().map { index, range -> RedisReply in
                let node = RedisReply.array([.bulk(Array("h".utf8)), .integer(Int64(index + 1))])
                return .array([.integer(range.first), .integer(range.last), node])
            })
    }

    /// The same as sent, in answer to `CLUSTER SLOTS`.
    static var slotsAsSent: String {
        let nodes = ranges.enumerated().map { index, range -> String in
            "*3\r\n:\(range.first)\r\n:\(range.last)\r\n*2\r\n$1\r\nh\r\n:\(index + 1)\r\n"
        }
        return "*3\r\n" + nodes.joined()
    }

    /// The nodes that were to be opened.
    var opened: [RedisEndpoint] { attempts.all.map(\.0) }

    /// The last attempt to open a node succeeds.
    func succeed() throws -> ScriptedServer {
        let (endpoint, promise) = try #require(attempts.all.last)
        let server = try Self.server(at: endpoint, on: loop)
        more.append(server)
        promise.succeed(server.connection)
        loop.run()
        return server
    }

    /// All attempts to open a node fail.
    func fail() {
        for (_, promise) in attempts.all { promise.fail(RedisError(.connectFailed, "refused")) }
        loop.run()
    }

    func send(_ pipeline: RedisPipeline) -> Answer {
        let answer = Answer()
        link.send(pipeline) { answer.result = $0 }
        return answer
    }

    /// Gets these keys in one pipeline.
    func get(_ keys: String...) -> Answer {
        var pipeline = RedisPipeline()
        for key in keys { pipeline.command("GET", .string(key)) }
        return send(pipeline)
    }

    /// What each server was sent.
    func written() throws -> [String] {
        try servers.map { try $0.written() }
    }

    /// Why the link has ended: nothing while it is open, nil after an orderly end.
    var ends: [RedisError?] {
        let ends = Recorder<RedisError?>()
        link.closeFuture.whenSuccess { ends.append($0) }
        loop.run()
        return ends.all
    }

    /// The reason with which the link has ended.
    var end: RedisError? { ends.first ?? nil }
}
