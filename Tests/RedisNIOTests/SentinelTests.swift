import ConnectionSupport
import NIOCore
import NIOPosix
import ScriptedRedis
import Testing

@testable import RedisNIO

@Suite("Sentinels that say anything", .timeLimit(.minutes(1)))
struct SentinelTests {
    let loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any()

    private func opener(_ sentinels: [HostileRedis]) throws -> RedisLinkOpener {
        var configuration = RedisConfiguration(
            endpoints: sentinels.map { RedisEndpoint(host: "127.0.0.1", port: $0.port) },
            deployment: .sentinel(masterName: "main"))
        // All of them answer or are gone, however busy this machine is.
        configuration.askingTimeout = .seconds(30)
        configuration.replyTimeout = .seconds(30)
        return try RedisLinkOpener(configuration, scripts: [], probe: nil, logger: silent)
    }

    private func open(_ opener: RedisLinkOpener) async throws -> any RedisLink {
        try await opener.open(on: loop).get()
    }

    private static func address(_ port: Int) -> RedisReply { .array([.text("127.0.0.1"), .text("\(port)")]) }

    private static let master = RedisReply.array([.text("master"), .integer(7), .array([])])
    private static let replica = RedisReply.array([.text("slave"), .text("h"), .integer(1), .text("connected")])

    @Test("the master that the Sentinels name is connected to, and only that name is asked for")
    func names() async throws {
        let server = try await HostileRedis.start { command in
            command == ["ROLE"] ? Self.master : .error("ERR \(command)")
        }
        let port = server.port
        let sentinel = try await HostileRedis.start { command in
            command == ["SENTINEL", "get-master-addr-by-name", "main"] ? Self.address(port) : .error("ERR \(command)")
        }
        let link = try await open(try opener([sentinel]))
        #expect(link.place == "127.0.0.1:\(port)")
        link.beginClosing()
        try await server.stop()
        try await sentinel.stop()
    }

    @Test("a server that says that it is no master is not used, and the Sentinel that named it is asked last next time")
    func demoted() async throws {
        for role in [Self.replica, .array([]), .null, .text("master"), .array([.integer(1)])] {
            let old = try await HostileRedis.start { _ in role }
            let new = try await HostileRedis.start { _ in Self.master }
            let (oldPort, newPort) = (old.port, new.port)
            let behind = try await HostileRedis.start { _ in Self.address(oldPort) }
            let current = try await HostileRedis.start { _ in Self.address(newPort) }
            let opener = try opener([behind, current])
            let error = await #expect(throws: RedisError.self) { _ = try await open(opener) }
            #expect(error?.code == .server)
            #expect(error?.message.contains("the server is not the master") == true)
            #expect(
                error?.message.contains("127.0.0.1:\(oldPort), which the Sentinel 127.0.0.1:\(behind.port)") == true)
            let link = try await open(opener)
            #expect(link.place == "127.0.0.1:\(newPort)")
            link.beginClosing()
            for server in [old, new, behind, current] { try await server.stop() }
        }
    }

    @Test("that no Sentinel answers, and that none knows the master, are told apart")
    func nobodyKnows() async throws {
        let gone = try await HostileRedis.start { _ in .null }
        try await gone.stop()
        let ignorant = try await HostileRedis.start { _ in .null }
        let silence = await #expect(throws: RedisError.self) { _ = try await open(try opener([gone])) }
        #expect(silence?.code == .connectFailed)
        #expect(silence?.message == "no Sentinel answers at 127.0.0.1:\(gone.port)")
        for sentinels in [[ignorant, gone], [gone, ignorant]] {
            let error = await #expect(throws: RedisError.self) { _ = try await open(try opener(sentinels)) }
            #expect(error?.code == .server)
            #expect(error?.message == "the Sentinel 127.0.0.1:\(ignorant.port) knows no master named main")
        }
        try await ignorant.stop()
    }

    @Test(
        "an answer that is no address is refused, and the next Sentinel asked",
        arguments: [
            .array([]), .array([.text("127.0.0.1")]), .array([.text("127.0.0.1"), .text("1"), .text("2")]),
            .array([.text("127.0.0.1"), .text("0")]), .array([.text("127.0.0.1"), .text("65536")]),
            .array([.text("127.0.0.1"), .text("-1")]), .array([.text("127.0.0.1"), .text("99999999999999999999")]),
            .array([.text(""), .text("6379")]), .array([.text("a b"), .text("6379")]),
            .array([.text("a\r\nb"), .text("6379")]), .array([.bulk([0xff, 0xfe]), .text("6379")]),
            .array([.text(String(repeating: "h", count: 256)), .text("6379")]), .array([.null, .text("6379")]),
            .array([.array([]), .text("6379")]), .integer(6379), .simple("OK"), .error("ERR no"),
            .error("IDONTKNOW no"),
        ] as [RedisReply])
    func nonsense(reply: RedisReply) async throws {
        try await refuses(reply)
    }

    @Test("an answer that is longer than any address is refused")
    func tooLong() async throws {
        try await refuses(.bulk([UInt8](repeating: 65, count: 100_000)))
    }

    private func refuses(_ reply: RedisReply) async throws {
        let liar = try await HostileRedis.start { _ in reply }
        let error = await #expect(throws: RedisError.self) { _ = try await open(try opener([liar])) }
        #expect(error?.code == .connectFailed)
        let server = try await HostileRedis.start { _ in Self.master }
        let port = server.port
        let honest = try await HostileRedis.start { _ in Self.address(port) }
        let link = try await open(try opener([liar, honest]))
        #expect(link.place == "127.0.0.1:\(port)")
        link.beginClosing()
        for server in [liar, server, honest] { try await server.stop() }
    }

    @Test("the client leaves a master that still takes itself for one when the Sentinels name another")
    func deposed() async throws {
        let (old, new) = (
            try await HostileRedis.start { _ in Self.master }, try await HostileRedis.start { _ in Self.master }
        )
        let (oldPort, newPort) = (old.port, new.port)
        let sentinel = try await HostileRedis.start { _ in Self.address(oldPort) }
        var configuration = RedisConfiguration(
            endpoints: [RedisEndpoint(host: "127.0.0.1", port: sentinel.port)],
            deployment: .sentinel(masterName: "main"))
        configuration.pingInterval = .milliseconds(20)
        let opener = try RedisLinkOpener(configuration, scripts: [], probe: nil, logger: silent)
        let link = try await open(opener)
        #expect(link.place == "127.0.0.1:\(oldPort)")
        sentinel.turn { _ in .error("ERR no idea") }
        sentinel.turn { _ in Self.address(newPort) }
        #expect(try await link.closeFuture.get() == nil)
        let next = try await open(opener)
        #expect(next.place == "127.0.0.1:\(newPort)")
        next.beginClosing()
        for server in [old, new, sentinel] { try await server.stop() }
    }
}
