import ConnectionSupport
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import RedisNIO

@Suite("Waiting for replicas")
struct ReplicaConfirmationTests {
    /// A connection, and the one on which it waits for two replicas.
    private struct Stage {
        let loop = EmbeddedEventLoop()
        let server: ScriptedServer
        let waiting: ScriptedServer

        init() throws {
            server = try ScriptedServer(loop: loop)
            waiting = try ScriptedServer(loop: loop)
            server.connection.confirm(over: waiting.connection, replicas: 2)
        }

        func set(_ count: Int = 1, key: String = "k", isConfirmed: Bool = true) -> Answer {
            var pipeline = RedisPipeline()
            pipeline.isConfirmed = isConfirmed
            for _ in 0..<count { pipeline.command("SET", .string(key), "v") }
            return server.send(pipeline)
        }

        static let wait = encoded("SET", "{k}:v", "1", "PX", "60000") + encoded("WAIT", "2", "500")
    }

    @Test("replies are given when enough replicas have the writes")
    func confirmed() throws {
        let stage = try Stage()
        let answer = stage.set(2)
        #expect(try stage.waiting.written() == "")
        try stage.server.answer("+OK\r\n+OK\r\n")
        #expect(answer.result == nil)
        #expect(try stage.waiting.written() == Stage.wait)
        try stage.waiting.answer("+OK\r\n:2\r\n")
        #expect(answer.replies == [.simple("OK"), .simple("OK")])
    }

    @Test(
        "if too few have them, or nobody knows, no effect is confirmed, and an error remains what it is",
        arguments: [
            ":1\r\n", ":0\r\n", ":-1\r\n", "$1\r\n2\r\n", "-ERR WAIT cannot be used with replica instances\r\n",
        ])
    func unconfirmed(reply: String) throws {
        let stage = try Stage()
        let answer = stage.set(2)
        try stage.server.answer("+OK\r\n-WRONGTYPE no\r\n")
        try stage.waiting.answer("+OK\r\n\(reply)")
        #expect(answer.replies == [ReplicaConfirmation.unconfirmed, .error("WRONGTYPE no")])
        #expect(answer.replies?.first?.serverError?.kind == .unconfirmed)
        #expect(answer.replies?.first?.serverError?.isTransient == false, "it may have happened")
    }

    @Test("what arrives during one wait shares the next, and nothing else waits")
    func together() throws {
        let stage = try Stage()
        let answers = (0..<300).map { _ in stage.set() }
        for _ in answers { try stage.server.answer("+OK\r\n") }
        let plain = stage.set(isConfirmed: false)
        try stage.server.answer("+OK\r\n")
        #expect(plain.replies == [.simple("OK")])
        #expect(try stage.waiting.written() == Stage.wait)
        try stage.waiting.answer("+OK\r\n:2\r\n")
        #expect(answers.count { $0.replies != nil } == 1)
        #expect(try stage.waiting.written() == Stage.wait)
        try stage.waiting.answer("+OK\r\n:2\r\n")
        #expect(answers.count { $0.replies != nil } == 300)
        #expect(try stage.waiting.written() == "")
    }

    @Test("without the write before it, the count says nothing")
    func unwritten() throws {
        let stage = try Stage()
        let answer = stage.set()
        try stage.server.answer("+OK\r\n")
        try stage.waiting.answer("-MOVED 1 h:1\r\n:2\r\n")
        #expect(answer.replies == [ReplicaConfirmation.unconfirmed])
    }

    @Test("a slot that is moving to another server leaves only its own commands unconfirmed")
    func moving() throws {
        let stage = try Stage()
        let answers = ["first", "a", "b", "a"].map { stage.set(key: $0) }
        for _ in answers { try stage.server.answer("+OK\r\n") }
        try stage.waiting.answer("+OK\r\n:2\r\n")
        // The keys are in no particular order.
        let isFirst = try stage.waiting.written().hasSuffix(
            encoded("SET", "{b}:v", "1", "PX", "60000") + encoded("WAIT", "2", "500"))
        try stage.waiting.answer(isFirst ? "-ASK 1 h:1\r\n+OK\r\n:2\r\n" : "+OK\r\n-ASK 1 h:1\r\n:2\r\n")
        let ok = [RedisReply.simple("OK")], unconfirmed = [ReplicaConfirmation.unconfirmed]
        #expect(answers.map(\.replies) == [ok, unconfirmed, ok, unconfirmed])
    }

    @Test(
        "the key that is written is in the slot of the first key",
        arguments: [("ns:{a0}:a:x", "ns:{a0}:v"), ("k", "{k}:v"), ("a{b", "{a{b}:v")])
    func key(first: String, expected: String) {
        var pipeline = RedisPipeline()
        pipeline.command("TIME")
        pipeline.command("GET", .string(first))
        let key = pipeline.confirmationKey ?? []
        #expect(String(decoding: key, as: UTF8.self) == expected)
        #expect(pipeline.commands.last?.slot == HashSlot.slot(of: key))
    }

    @Test("what the server refused is not waited for")
    func refused() throws {
        let stage = try Stage()
        let answer = stage.set()
        try stage.server.answer("-OOM no\r\n")
        #expect(answer.replies == [.error("OOM no")])
        #expect(try stage.waiting.written() == "")
    }

    @Test("the second connection is asked for a sign of life, and ends both if it gives none")
    func pinged() throws {
        let stage = try Stage()
        stage.server.connection.ping(isSilent: false) { _ in }
        #expect(try stage.server.written() == "")
        #expect(try stage.waiting.written() == encoded("PING"))
        stage.loop.advanceTime(by: .seconds(60))
        #expect(!stage.waiting.channel.isActive)
        #expect(!stage.server.channel.isActive)
    }

    @Test("the two connections end together, and nothing is confirmed without the second")
    func ends() throws {
        let stage = try Stage()
        let answer = stage.set()
        let open = stage.set()
        try stage.server.answer("+OK\r\n")
        stage.waiting.handler.fail(RedisError(.timeout, "no reply"))
        stage.loop.run()
        #expect(answer.replies == [ReplicaConfirmation.unconfirmed])
        #expect(stage.set().error?.code == .notConnected)
        try stage.server.answer("+OK\r\n")
        #expect(open.replies == [ReplicaConfirmation.unconfirmed])
        #expect(!stage.server.channel.isActive)

        let other = try Stage()
        other.server.handler.fail(RedisError(.timeout, "no reply"))
        other.loop.run()
        #expect(!other.waiting.channel.isActive)
    }

    // MARK: Real servers

    private func connect(_ server: RedisServerProcess, user: String = "") async throws -> RedisConnection {
        var configuration = try RedisConfiguration(url: "redis://\(user)127.0.0.1:\(server.port)")
        configuration.replicas = 1
        let connector = try RedisConnector(configuration: configuration, scripts: [], logger: silent)
        return try await connector.open(server.endpoint, on: MultiThreadedEventLoopGroup.singleton.any()).get()
    }

    private func send(_ connection: RedisConnection, _ command: String, _ arguments: RedisArgument...) async throws
        -> RedisReply
    {
        var pipeline = RedisPipeline()
        pipeline.isConfirmed = true
        pipeline.command(command, arguments: arguments)
        let promise = connection.eventLoop.makePromise(of: [RedisReply].self)
        let sent = pipeline
        connection.eventLoop.execute {
            connection.send(sent) { promise.completeWith($0.mapError { $0 }) }
        }
        return try #require(try await promise.futureResult.get().first)
    }

    @Test("a real replica confirms writes while it follows, and a frozen one does not", .timeLimit(.minutes(1)))
    func realReplica() async throws {
        let master = try await RedisServerProcess.start()
        let connection = try await connect(master)
        #expect(try await send(connection, "SET", "k", 0) == ReplicaConfirmation.unconfirmed)
        let replica = try await RedisServerProcess.start(["--replicaof", "127.0.0.1", "\(master.port)"])
        while try await send(connection, "SET", "k", 1) != .simple("OK") {}
        while try await send(connection, "GET", "k") != .bulk(Array("1".utf8)) {}
        replica.freeze()
        #expect(try await send(connection, "SET", "k", 2) == ReplicaConfirmation.unconfirmed)
        #expect(try await send(connection, "GET", "k") == ReplicaConfirmation.unconfirmed)
        await connection.close()
    }

    @Test("a user without the permission to wait is told so", .timeLimit(.minutes(1)))
    func permission() async throws {
        let master = try await RedisServerProcess.start([
            "--user", "w", "on", ">p", "~*", "+@all", "-wait", "--user", "i", "on", ">p", "~*", "+@all", "-info",
        ])
        for (user, command) in [("w", "WAIT"), ("i", "INFO")] {
            let error = await #expect(throws: RedisError.self) { _ = try await connect(master, user: "\(user):p@") }
            #expect(error?.code == .notPermitted)
            #expect(error?.message.hasPrefix("\(command), which waiting for replicas needs") == true)
        }
    }
}
