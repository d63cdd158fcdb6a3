import ConnectionSupport
import NIOCore
import NIOEmbedded
import Synchronization
import TestSupport
import Testing

@testable import RedisNIO

@Suite("A client")
struct RedisClientTests {
    @Test("the client sends nothing before it is connected, and reports why")
    func notConnected() throws {
        let stage = Stage()
        let idle = stage.send()
        #expect(idle.error?.code == .notConnected)
        stage.client.start()
        stage.fail(RedisError(.connectFailed, "connection refused"))
        let waiting = stage.send()
        #expect(waiting.error?.code == .notConnected)
        #expect((waiting.error?.underlying as? RedisError)?.message == "connection refused")
        #expect(waiting.error?.mayHaveRun == false)
    }

    @Test("the client retries after exactly the announced wait, and doubles the ceiling each time")
    func backsOff() throws {
        let stage = Stage(backoff: Backoff(initial: .milliseconds(100), maximum: .seconds(60)))
        stage.client.start()
        for attempt in 0..<8 {
            #expect(stage.attempts == attempt + 1)
            stage.fail(RedisError(.connectFailed, "no"))
            let wait = try #require(stage.nextAttempt)
            #expect(wait <= .milliseconds(100 << attempt))
            stage.loop.advanceTime(by: TimeAmount(wait) - .nanoseconds(1))
            #expect(stage.attempts == attempt + 1)
            stage.loop.advanceTime(by: .nanoseconds(1))
        }
        #expect(stage.attempts == 9)
    }

    @Test("the client uses the connection once established, and a new one after losing it")
    func reconnects() throws {
        let stage = Stage()
        stage.client.start()
        let first = try stage.succeed()
        let answered = stage.send()
        try first.answer("+OK\r\n")
        #expect(answered.replies == [.simple("OK")])

        let lost = stage.send()
        try stage.lose(first)
        #expect(lost.error?.code == .connectionClosed)
        #expect(stage.send().error?.code == .notConnected)

        stage.loop.advanceTime(by: TimeAmount(try #require(stage.nextAttempt)))
        let second = try stage.succeed()
        let again = stage.send()
        try second.answer("+AGAIN\r\n")
        #expect(again.replies == [.simple("AGAIN")])
        #expect(stage.stateNames == ["connecting", "connected", "disconnected", "connecting", "connected"])
    }

    @Test("only a connection that lasted resets the backoff")
    func resetsBackoff() throws {
        let stage = Stage(backoff: Backoff(initial: .milliseconds(1), maximum: .seconds(1)))
        stage.client.start()
        for _ in 0..<20 {
            try stage.lose(stage.succeed())
            stage.loop.advanceTime(by: TimeAmount(try #require(stage.nextAttempt)))
        }
        #expect(
            stage.waits.max()! > .milliseconds(100), "a server that drops every connection is tried ever less often")

        let lasting = try stage.succeed()
        stage.loop.advanceTime(by: .seconds(1))
        try stage.lose(lasting)
        #expect(try #require(stage.nextAttempt) <= .milliseconds(1))
    }

    @Test("the client reconnects to find the master after READONLY, and still returns the replies")
    func readOnly() throws {
        let stage = Stage()
        stage.client.start()
        let server = try stage.succeed()
        let answer = stage.send()
        try server.answer("-READONLY You can't write against a read only replica.\r\n")
        #expect(answer.replies?.first?.serverError?.kind == .readOnly)
        #expect(!server.channel.isActive)
        #expect(stage.stateNames.last == "disconnected")
        stage.loop.advanceTime(by: TimeAmount(try #require(stage.nextAttempt)))
        #expect(stage.attempts == 2)
    }

    @Test("the client keeps its connection after other errors")
    func otherErrors() throws {
        let stage = Stage()
        stage.client.start()
        let server = try stage.succeed()
        let answer = stage.send()
        try server.answer("-LOADING not yet\r\n")
        #expect(answer.replies?.count == 1)
        #expect(server.channel.isActive)
        #expect(stage.stateNames.last == "connected")
    }

    @Test("the client drops a connection whose user lacks a permission, and reports the server's words")
    func permissionLost() throws {
        for words in [
            "NOPERM this user has no permissions to run the 'evalsha' command", "MOVED 3999 127.0.0.1:6381",
            "ERR unknown command 'EVALSHA'",
        ] {
            let stage = Stage()
            stage.client.start()
            let server = try stage.succeed()
            let answer = stage.send()
            try server.answer("-\(words)\r\n")
            #expect(answer.replies == [.error(words)])
            #expect(stage.reasons.last == "the server replied \(words)")
            stage.loop.advanceTime(by: TimeAmount(try #require(stage.nextAttempt)))
            #expect(stage.attempts == 2)
        }
    }

    @Test("the client detects a server that vanished silently, even while idle")
    func silence() throws {
        let stage = Stage()
        stage.client.start()
        let server = try stage.succeed()
        for _ in 0..<10 {
            stage.loop.advanceTime(by: .seconds(2))
            if try server.written() == encoded("PING") { try server.answer("+PONG\r\n") }
            #expect(stage.stateNames.last == "connected")
        }
        stage.loop.advanceTime(by: .seconds(6))
        #expect(stage.stateNames.last != "connected")
        #expect(stage.reasons.last?.contains("no reply") == true)
    }

    @Test("the client does not ping a server that it hears from")
    func busy() throws {
        let stage = Stage()
        stage.client.start()
        let server = try stage.succeed()
        for _ in 0..<20 {
            let answer = stage.send()
            #expect(try server.written() == encoded("PING"), "the test's own alone")
            try server.answer("+PONG\r\n")
            #expect(answer.replies?.count == 1)
            stage.loop.advanceTime(by: .seconds(1))
        }
    }

    @Test("the client drops a connection that the caller abandons")
    func distrusted() throws {
        let stage = Stage()
        stage.client.start()
        let server = try stage.succeed()
        stage.distrust(RedisError(.protocolViolation, "nonsense"))
        #expect(!server.channel.isActive)
        #expect(stage.reasons.last == "nonsense")
    }

    @Test("waiting callers resume when the client connects, or at once if it already is connected")
    func waits() throws {
        let stage = Stage()
        stage.client.start()
        let early = stage.whenConnected()
        stage.fail(RedisError(.connectFailed, "no"))
        #expect(early.isEmpty)
        stage.loop.advanceTime(by: TimeAmount(try #require(stage.nextAttempt)))
        _ = try stage.succeed()
        #expect(early.count == 1)
        #expect(stage.whenConnected().count == 1)
    }

    @Test("the client can be shut down while waiting, and does not retry")
    func shutDownWhileWaiting() throws {
        let stage = Stage()
        stage.client.start()
        stage.fail(RedisError(.connectFailed, "no"))
        let waiter = stage.whenConnected()
        #expect(stage.shutDown())
        stage.loop.advanceTime(by: .hours(1))
        #expect(stage.attempts == 1)
        #expect(stage.stateNames.last == "shutDown")
        #expect(waiter.first??.code == .notConnected)
        #expect(stage.send().error?.code == .notConnected)
        #expect(stage.whenConnected().first??.code == .notConnected)
    }

    @Test("the client can be shut down while connecting, and closes the resulting connection")
    func shutDownWhileConnecting() throws {
        let stage = Stage()
        stage.client.start()
        #expect(!stage.shutDown())
        let server = try stage.succeed()
        #expect(!server.channel.isActive)
        #expect(stage.shutDown())
        #expect(stage.stateNames == ["connecting", "shutDown"])
    }

    @Test("a connected client shuts down only after the outstanding replies")
    func shutDownWhileConnected() throws {
        let stage = Stage()
        stage.client.start()
        let server = try stage.succeed()
        let answer = stage.send()
        #expect(!stage.shutDown())
        #expect(server.channel.isActive)
        try server.answer("+OK\r\n")
        stage.loop.run()
        #expect(answer.replies == [.simple("OK")])
        #expect(!server.channel.isActive)
        #expect(stage.shutDown())
    }
}

/// A client whose connection attempts end as the test decides, on a clock that the test controls.
private final class Stage {
    let loop = EmbeddedEventLoop()
    let client: RedisClient
    private let states = Recorder<RedisClientState>()
    private let promises = Recorder<EventLoopPromise<any RedisLink>>()
    private let supervisor: RedisSupervisor
    /// Kept alive, because a released server closes its connection and stops the event loop's clock.
    private var servers: [ScriptedServer] = []

    init(backoff: Backoff = Backoff()) {
        let (states, promises) = (states, promises)
        supervisor = RedisSupervisor(
            address: "test:1", eventLoop: loop, backoff: backoff, generator: SeededRandom(seed: 7), logger: silent,
            onStateChange: { states.append($0) }
        ) { loop in
            let promise = loop.makePromise(of: (any RedisLink).self)
            promises.append(promise)
            return promise.futureResult
        }
        client = RedisClient(NIOLoopBoundBox(supervisor, eventLoop: loop), on: loop)
    }

    var attempts: Int { promises.all.count }

    var stateNames: [String] {
        states.all.map { String("\($0)".prefix { $0 != "(" }) }
    }

    var waits: [Duration] {
        states.all.compactMap { if case .disconnected(_, let wait) = $0 { wait } else { nil } }
    }

    /// The reasons for having no connection.
    var reasons: [String] {
        states.all.compactMap { if case .disconnected(let error, nextAttempt: _) = $0 { error.message } else { nil } }
    }

    func distrust(_ error: RedisError) {
        supervisor.abandonConnection(because: error)
        loop.run()
    }

    var nextAttempt: Duration? {
        guard case .disconnected(_, let wait) = states.all.last else { return nil }
        return wait
    }

    func fail(_ error: RedisError) {
        promises.all.last?.fail(error)
        loop.run()
    }

    func succeed() throws -> ScriptedServer {
        let server = try ScriptedServer(loop: loop)
        servers.append(server)
        promises.all.last?.succeed(server.connection)
        loop.run()
        return server
    }

    /// The server closes the connection.
    func lose(_ server: ScriptedServer) throws {
        try server.channel.close().wait()
        loop.run()
    }

    func send() -> Answer {
        let answer = Answer()
        var pipeline = RedisPipeline()
        pipeline.command("PING")
        client.send(pipeline) { answer.result = $0 }
        return answer
    }

    /// Receives the error, or nil on connecting, as soon as there is an answer.
    func whenConnected() -> Recorder<RedisError?> {
        let answers = Recorder<RedisError?>()
        _ = supervisor.whenConnected { result in
            if case .failure(let error) = result { answers.append(error) } else { answers.append(nil) }
        }
        return answers
    }

    /// Whether nothing is pending.
    func shutDown() -> Bool {
        let done = Recorder<Void>()
        supervisor.shutdown().whenComplete { _ in done.append(()) }
        loop.run()
        return !done.isEmpty
    }
}

final class Recorder<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    func append(_ element: Element) {
        elements.withLock { $0.append(element) }
    }

    var all: [Element] { elements.withLock { $0 } }
    var isEmpty: Bool { all.isEmpty }
    var count: Int { all.count }
    var first: Element? { all.first }
}
