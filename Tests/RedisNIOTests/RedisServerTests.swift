import ConnectionSupport
import Foundation
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Testing

@testable import RedisNIO

@Suite("A connection to a real server", .timeLimit(.minutes(1)))
struct RedisServerTests {
    let loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any()
    /// Unique to this test, so that tests and whole runs can share a server.
    let key = "sojourn-test:{\(UUID().uuidString)}"

    private func withConnection(
        _ configuration: RedisConfiguration? = nil, scripts: [RedisScript] = [],
        _ body: (RedisConnection) async throws -> Void
    ) async throws {
        let connection = try await RedisConnection.connect(
            configuration ?? SharedRedis.configuration(), scripts: scripts, on: loop, logger: silent)
        let result: Result<Void, any Error>
        do {
            try await body(connection)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        var cleaning = RedisPipeline()
        cleaning.command("DEL", .string(key))
        _ = try? await connection.send(cleaning)
        await connection.close()
        try result.get()
    }

    private func pipeline(_ command: String, _ arguments: RedisArgument...) -> RedisPipeline {
        var pipeline = RedisPipeline()
        pipeline.command(command, arguments: arguments)
        return pipeline
    }

    @Test("every kind of reply is received")
    func replies() async throws {
        try await withConnection { connection async throws in
            let bytes = (0...255).map { UInt8($0) }
            var pipeline = RedisPipeline()
            pipeline.command("SET", .string(key), .bytes(bytes), "PX", 60_000)
            pipeline.command("GET", .string(key))
            pipeline.command("INCR", .string(key))
            pipeline.command("STRLEN", .string(key))
            pipeline.command("GET", .string(key + ":none"))
            pipeline.command("MGET", .string(key), .string(key + ":none"))
            pipeline.command("KEYS", .string(key + ":none"))
            let replies = try await connection.send(pipeline)
            #expect(replies.count == 7)
            #expect(replies[0] == .simple("OK"))
            #expect(replies[1] == .bulk(bytes))
            #expect(replies[2].serverError?.code == "ERR")
            #expect(replies[3] == .integer(256))
            #expect(replies[4] == .null)
            #expect(replies[5] == .array([.bulk(bytes), .null]))
            #expect(replies[6] == .array([]))
        }
    }

    @Test("a value larger than any socket buffer is transferred")
    func largeValues() async throws {
        try await withConnection { connection async throws in
            let bytes = [UInt8](repeating: 7, count: 5_000_000)
            var pipeline = RedisPipeline()
            pipeline.command("SET", .string(key), .bytes(bytes), "PX", 60_000)
            pipeline.command("GET", .string(key))
            #expect(try await connection.send(pipeline) == [.simple("OK"), .bulk(bytes)])
        }
    }

    @Test("many concurrent tasks each get their own replies")
    func concurrency() async throws {
        try await withConnection { connection async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<50 {
                    group.addTask { () async throws in
                        for round in 0..<20 {
                            let text = "\(task)-\(round)"
                            #expect(try await connection.send(pipeline("ECHO", .string(text)))[0].string == text)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("scripts are evaluated, even after the server has lost them")
    func scripts() async throws {
        let server = try await RedisServerProcess.start()
        let script = RedisScript(name: "append", source: "return redis.call('APPEND', KEYS[1], ARGV[1])")
        try await withConnection(RedisConfiguration(url: server.url), scripts: [script]) { connection async throws in
            var pipeline = RedisPipeline()
            pipeline.evaluate(script, keys: [key], arguments: ["ab"])
            pipeline.command("SCRIPT", "FLUSH")
            pipeline.evaluate(script, keys: [key], arguments: ["cde"])
            pipeline.command("GET", .string(key))
            let replies = try await connection.send(pipeline)
            #expect(replies == [.integer(2), .simple("OK"), .integer(5), .bulk(Array("ab".utf8))])
        }
    }

    @Test("a script that the server does not accept is named")
    func badScript() async throws {
        let script = RedisScript(name: "broken", source: "return return")
        let error = await #expect(throws: RedisError.self) {
            try await withConnection(scripts: [script]) { _ in }
        }
        #expect(error?.code == .server)
        #expect(error?.message.contains("broken") == true)
    }

    @Test("the database is selected and the client name set")
    func databaseAndName() async throws {
        let server = try await RedisServerProcess.start()
        var configuration = try RedisConfiguration(url: server.url + "/3")
        configuration.clientName = "sojourn-test"
        try await withConnection(configuration) { connection async throws in
            let info = try await connection.send(pipeline("CLIENT", "INFO"))[0].string ?? ""
            #expect(info.contains(" db=3 "))
            #expect(info.contains(" name=sojourn-test "))
        }
        configuration.database = 99
        let error = await #expect(throws: RedisError.self) { try await withConnection(configuration) { _ in } }
        #expect(error?.code == .server)
    }

    @Test("authentication works with a password, or a user and a password, and only with the right ones")
    func authentication() async throws {
        let server = try await RedisServerProcess.start([
            "--requirepass", "s3cret/ @", "--user", "worker", "on", ">p:w", "~*", "&*", "+@all",
        ])
        let address = "127.0.0.1:\(server.port)"
        for credentials in [":s3cret%2F%20%40@", "default:s3cret%2F%20%40@", "worker:p%3Aw@"] {
            try await withConnection(RedisConfiguration(url: "redis://\(credentials)\(address)")) {
                connection async throws in
                #expect(try await connection.send(pipeline("PING")) == [.simple("PONG")])
            }
        }
        for credentials in ["", ":hunter2@", "worker:hunter2@", "nobody:hunter2@"] {
            let error = await #expect(throws: RedisError.self) {
                try await withConnection(RedisConfiguration(url: "redis://\(credentials)\(address)")) { _ in }
            }
            #expect(error?.code == .authenticationFailed)
            #expect(!"\(error, default: "")".contains("hunter2"))
        }
    }

    @Test("a server without a password is rejected when one is configured")
    func unwantedPassword() async throws {
        let server = try await RedisServerProcess.start()
        let error = await #expect(throws: RedisError.self) {
            try await withConnection(RedisConfiguration(url: "redis://:hunter2@127.0.0.1:\(server.port)")) { _ in }
        }
        #expect(error?.code == .authenticationFailed)
    }

    @Test("connecting fails at once if nothing listens on the port")
    func refused() async throws {
        let server = try await RedisServerProcess.start()
        server.kill()
        let error = await #expect(throws: RedisError.self) {
            try await withConnection(RedisConfiguration(url: server.url)) { _ in }
        }
        #expect(error?.code == .connectFailed)
        #expect(error?.message.contains("127.0.0.1:\(server.port)") == true)
    }

    @Test("the connection ends when the server is killed, and outstanding pipelines fail")
    func killed() async throws {
        let server = try await RedisServerProcess.start()
        var configuration = try RedisConfiguration(url: server.url)
        // A blocked client answers no ping; none of our commands block.
        configuration.pingInterval = .seconds(3600)
        configuration.replyTimeout = .seconds(3600)
        let connection = try await RedisConnection.connect(configuration, on: loop, logger: silent)
        let blocked = Task { try await connection.send(pipeline("BLPOP", .string(key), 0)) }
        let other = try await RedisConnection.connect(RedisConfiguration(url: server.url), on: loop, logger: silent)
        while try await other.send(pipeline("INFO", "clients"))[0].string?.contains("blocked_clients:1") != true {}
        server.kill()
        let error = await #expect(throws: RedisError.self) { try await blocked.value }
        #expect(error?.code == .connectionClosed)
        #expect(error?.mayHaveRun == true)
        #expect(try await connection.closeFuture.get()?.code == .connectionClosed)
        await #expect(throws: RedisError.self) { try await connection.send(pipeline("PING")) }
    }

    @Test("the connection ends when the server is alive but does not answer")
    func frozen() async throws {
        let server = try await RedisServerProcess.start()
        var configuration = try RedisConfiguration(url: server.url)
        // Long enough for a busy machine to open the first connection.
        configuration.replyTimeout = .seconds(1)
        let connection = try await RedisConnection.connect(configuration, on: loop, logger: silent)
        server.freeze()
        let error = await #expect(throws: RedisError.self) { try await connection.send(pipeline("PING")) }
        #expect(error?.code == .timeout)
        let again = await #expect(throws: RedisError.self) {
            _ = try await RedisConnection.connect(configuration, on: loop, logger: silent)
        }
        #expect(again?.code == .connectFailed)
    }

    @Test("closing waits for the replies to commands sent before")
    func closing() async throws {
        let connection = try await RedisConnection.connect(SharedRedis.configuration(), on: loop, logger: silent)
        let promise = loop.makePromise(of: [RedisReply].self)
        try await loop.submit {
            connection.send(pipeline("PING")) { promise.completeWith($0.mapError { $0 }) }
            connection.beginClosing()
        }.get()
        #expect(try await promise.futureResult.get() == [.simple("PONG")])
        #expect(try await connection.closeFuture.get() == nil)
    }

    @Test(
        "TLS works only with a server whose certificate is trusted",
        arguments: [("DNS:localhost", "localhost"), ("IP:127.0.0.1", "127.0.0.1")])
    func tls(name: String, host: String) async throws {
        let certificate = try SelfSignedCertificate(for: name)
        let server = try await RedisServerProcess.start(tls: certificate)
        var configuration = try RedisConfiguration(url: "rediss://\(host):\(server.port)")
        let error = await #expect(throws: RedisError.self) { try await withConnection(configuration) { _ in } }
        #expect(error?.code == .connectFailed)

        configuration.tls?.trustRoots = .file(certificate.certificatePath)
        try await withConnection(configuration) { connection async throws in
            #expect(try await connection.send(pipeline("PING")) == [.simple("PONG")])
        }
    }

    @Test("a trusted certificate issued for another name is rejected")
    func misnamed() async throws {
        let certificate = try SelfSignedCertificate(for: "DNS:elsewhere.test")
        let server = try await RedisServerProcess.start(tls: certificate)
        var configuration = try RedisConfiguration(url: "rediss://localhost:\(server.port)")
        configuration.tls?.trustRoots = .file(certificate.certificatePath)
        let error = await #expect(throws: RedisError.self) { try await withConnection(configuration) { _ in } }
        #expect(error?.code == .connectFailed)
    }
}

@Suite("A client with a real server", .timeLimit(.minutes(1)))
struct RedisServerClientTests {
    @Test("the client reconnects when the server returns, with its scripts")
    func comesBack() async throws {
        let first = try await RedisServerProcess.start()
        let script = RedisScript(name: "one", source: "return 1")
        let (states, continuation) = AsyncStream.makeStream(of: RedisClientState.self)
        let client = try RedisClient(
            RedisConfiguration(url: first.url), scripts: [script], on: MultiThreadedEventLoopGroup.singleton.any(),
            backoff: Backoff(initial: .milliseconds(5), maximum: .milliseconds(20)), logger: silent
        ) { continuation.yield($0) }
        client.start()
        try await client.waitUntilConnected()
        var evaluation = RedisPipeline()
        evaluation.evaluate(script, keys: [])
        #expect(try await client.send(evaluation) == [.integer(1)])

        first.kill()
        for await state in states {
            if case .disconnected = state { break }
        }
        let error = await #expect(throws: RedisError.self) { try await client.send(evaluation) }
        #expect(error?.code == .notConnected)

        let second = try await RedisServerProcess.start(port: first.port)
        try await client.waitUntilConnected()
        #expect(try await client.send(evaluation) == [.integer(1)])
        await client.shutdown()
        guard case .shutDown = await client.state else {
            Issue.record("the client is not shut down")
            return
        }
        withExtendedLifetime(second) {}
    }

    @Test("a waiting task stops waiting when it is cancelled")
    func cancelledWait() async throws {
        let client = try RedisClient(
            RedisConfiguration(host: "127.0.0.1", port: 1), on: MultiThreadedEventLoopGroup.singleton.any(),
            logger: silent)
        let task = Task { try await client.waitUntilConnected() }
        task.cancel()
        let error = await #expect(throws: RedisError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        await client.shutdown()
    }

    @Test("a service group that shuts down closes the client, after the outstanding replies")
    func service() async throws {
        let client = try RedisClient(
            SharedRedis.configuration(), on: MultiThreadedEventLoopGroup.singleton.any(), logger: silent)
        let group = ServiceGroup(services: [client], logger: silent)
        let running = Task { try await group.run() }
        try await client.waitUntilConnected()
        let promise = client.eventLoop.makePromise(of: [RedisReply].self)
        try await client.eventLoop.submit {
            var ping = RedisPipeline()
            ping.command("PING")
            client.send(ping) { promise.completeWith($0.mapError { $0 }) }
        }.get()
        await group.triggerGracefulShutdown()
        try await running.value
        #expect(try await promise.futureResult.get() == [.simple("PONG")])
        guard case .shutDown = await client.state else {
            Issue.record("the client is not shut down")
            return
        }
    }

    @Test("the client runs until its task is cancelled, then closes")
    func run() async throws {
        let client = try RedisClient(
            SharedRedis.configuration(), on: MultiThreadedEventLoopGroup.singleton.any(), logger: silent)
        let task = Task { await client.run() }
        try await client.waitUntilConnected()
        task.cancel()
        await task.value
        let error = await #expect(throws: RedisError.self) { try await client.waitUntilConnected() }
        #expect(error?.code == .notConnected)
    }
}
