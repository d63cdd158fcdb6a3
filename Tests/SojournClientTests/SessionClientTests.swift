import AMQPNIO
import Foundation
import InMemoryTracing
import Testing
import Tracing

@testable import SojournClient

@Suite("The client", .timeLimit(.minutes(2)))
struct SessionClientTests {
    private let worker = ScriptedWorker()
    private let session = ScriptedWorker.success(#"{"valid":false,"reason":"unknown"}"#)

    @Test("after losing its connection, it gets replies through the next reachable broker")
    func reconnects() async throws {
        try await worker.answering { [session] _ in
            session
        } _: { client in
            _ = try await client.validate("t")
            let connection = try await client.connection()
            await connection.close()
            _ = try await client.validate("t")
            #expect(try await client.connection() !== connection)
        }
    }

    @Test("a command without a reply when the connection is lost is sent again, with the same id")
    func sendsAgain() async throws {
        try await worker.answering { [session] in
            $0.attempt == 1 ? nil : session
        } _: { client in
            let waiting = Task { try await client.validate("t") }
            var arrivals = worker.arrivals.stream.makeAsyncIterator()
            let first = try #require(await arrivals.next())
            await (try await client.connection()).close()
            _ = try await waiting.value
            let second = try #require(await arrivals.next())
            #expect(first.properties.messageID == second.properties.messageID)
            #expect(first.properties.correlationID != second.properties.correlationID)
            #expect(first.body == second.body)
            #expect(first.properties.headers?["deadline"] == second.properties.headers?["deadline"])
        }
    }

    @Test("a result that says “later” is asked for again, with the same id, until it is final")
    func repeats() async throws {
        try await worker.answering { [session] in
            $0.attempt < 3 ? ScriptedWorker.failure("conflict", isRetryable: true) : session
        } _: { client in
            _ = try await client.validate("t", options: CommandOptions(id: "mine"))
            var ids: [String?] = []
            for await command in worker.arrivals.stream.prefix(3) { ids.append(command.properties.messageID) }
            #expect(ids == ["mine", "mine", "mine"])
        }
    }

    @Test("a command has its properties, and its time travels with it")
    func properties() async throws {
        let before = Int64(Date().timeIntervalSince1970 * 1000)
        try await worker.answering { [session] _ in
            session
        } _: { client in
            _ = try await client.validate("t", options: CommandOptions(id: "v", timeout: .seconds(60)))
            _ = try? await client.revoke(.session(id: "s"), options: CommandOptions(tenant: "acme", id: "r"))
        }
        var arrivals = worker.arrivals.stream.makeAsyncIterator()
        let validate = try #require(await arrivals.next())
        let revoke = try #require(await arrivals.next())
        #expect(validate.name == "session.validate")
        #expect(validate.properties.deliveryMode == 1)
        #expect(revoke.properties.deliveryMode == 2)
        #expect(validate.properties.userID != nil)
        #expect(validate.properties.contentType == "application/json")
        #expect(String(decoding: validate.body, as: UTF8.self) == #"{"token":"t"}"#)
        #expect(String(decoding: revoke.body, as: UTF8.self) == #"{"sessionId":"s","tenant":"acme"}"#)
        let deadline = try #require(validate.properties.headers?["deadline"]?.integer)
        let after = Int64(Date().timeIntervalSince1970 * 1000)
        #expect((before + 60_000...after + 60_000).contains(deadline))
    }

    @Test("an error of the contract is thrown with its code and path")
    func contractErrors() async throws {
        let reply = """
            {"command":"session.create","status":"failed","completedAt":"2026-11-20T22:00:00.000Z",\
            "error":{"code":"invalid_field","message":"unknown key","path":"/device/colour","retryable":false}}
            """
        try await worker.answering { _ in
            reply
        } _: { client in
            let error = await #expect(throws: SojournError.self) { try await client.createSession(subject: "alice") }
            #expect(error == SojournError(.invalidField, "unknown key", path: "/device/colour"))
        }
    }

    @Test(
        "a reply that is no result is an error, and not repeated",
        arguments: [
            "", "{}", "[]", "null", #"{"status":"done"}"#, #"{"status":"succeeded"}"#,
            #"{"status":"succeeded","data":{"valid":true}}"#, #"{"status":"succeeded","data":{"valid":1}}"#,
            #"{"status":"failed","error":{"code":"conflict"}}"#, String(repeating: "[", count: 100_000),
            #"{"status":"succeeded","data":\#(String(repeating: #"{"a":"#, count: 50_000))"#,
        ])
    func unreadable(reply: String) async throws {
        try await worker.answering { _ in
            reply
        } _: { client in
            let error = await #expect(throws: SojournError.self) { try await client.validate("t") }
            #expect(error?.code == .unreadableReply)
        }
    }

    @Test("a reply to nobody, or to somebody else, is left out")
    func strayReplies() async throws {
        try await worker.answering { [session] command in
            command.name == "session.get" ? nil : session
        } _: { client in
            let error = await #expect(throws: SojournError.self) {
                try await client.session(.id("s"), options: CommandOptions(timeout: .milliseconds(100)))
            }
            #expect(error?.code == .timeout)
            _ = try await client.validate("t")
        }
    }

    @Test("cancelled before, a call sends nothing; cancelled while it waits, it ends: both with CancellationError")
    func cancellation() async throws {
        try await worker.answering { [session] in
            $0.name == "session.get" ? nil : session
        } _: { client in
            let early = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await client.validate("never")
            }
            await #expect(throws: CancellationError.self) { try await early.value }
            let late = Task { try await client.session(.id("s")) }
            var arrivals = worker.arrivals.stream.makeAsyncIterator()
            #expect(await arrivals.next()?.name == "session.get")
            late.cancel()
            await #expect(throws: CancellationError.self) { try await late.value }
            _ = try await client.validate("t")
            #expect(await arrivals.next()?.body == Array(#"{"token":"t"}"#.utf8))
        }
    }

    @Test("beyond its limits, a command fails at once, and takes no place")
    func limits() async throws {
        try await worker.answering { [session] in
            $0.name == "session.get" ? nil : session
        } configure: {
            $0.maxCommandsInFlight = 1
            $0.maxBytesInFlight = 100
        } _: { client in
            let large = await #expect(throws: SojournError.self) {
                try await client.validate(String(repeating: "x", count: 100))
            }
            #expect(large?.code == .tooManyCommands)
            let waiting = Task { try await client.session(.id("s")) }
            _ = await worker.arrivals.stream.first { _ in true }
            let second = await #expect(throws: SojournError.self) { try await client.validate("t") }
            #expect(second?.code == .tooManyCommands)
            waiting.cancel()
            _ = try? await waiting.value
            _ = try await client.validate("t")
        }
    }

    @Test("a full queue is told as such, at once")
    func fullQueue() async throws {
        let worker = ScriptedWorker(
            queueArguments: AMQPTable([
                AMQPTable.Entry("x-max-length", .int64(0)), AMQPTable.Entry("x-overflow", "reject-publish"),
            ]))
        try await worker.answering({ _ in nil }, isConsuming: false) { client in
            let error = await #expect(throws: SojournError.self) {
                try await client.sendAgain(
                    AMQPMessage(exchange: client.commandExchange, routingKey: "session.get", body: []),
                    timeout: .seconds(60))
            }
            #expect(error?.code == .queueFull)
            #expect(error?.isRetryable == true)
        }
    }

    @Test("where no worker has run, the error says so at once; a name that AMQP cannot carry is told")
    func noSuchNamespace() async throws {
        var configuration = SessionClientConfiguration(url: try ScriptedWorker.url())
        configuration.namespace = "nobody-\(UInt64.random(in: 0...UInt64.max))"
        try await SessionClient.withConnection(configuration, logger: ScriptedWorker.silent) { client in
            let error = await #expect(throws: SojournError.self) { try await client.validate("t") }
            #expect(error?.code == .noSuchNamespace)
            let name = await #expect(throws: SojournError.self) {
                try await client.send(
                    String(repeating: "x", count: 300), body: Array("{}".utf8), options: CommandOptions())
            }
            #expect(name?.code == .unsendable)
        }
    }

    @Test("closed, it fails what waits and what comes, at once")
    func closed() async throws {
        try await worker.answering { _ in
            nil
        } _: { client in
            let waiting = Task { try await client.validate("t") }
            _ = await worker.arrivals.stream.first { _ in true }
            client.close()
            let error = await #expect(throws: SojournError.self) { try await waiting.value }
            #expect(error?.code == .clientClosed)
            let later = await #expect(throws: SojournError.self) { try await client.validate("t") }
            #expect(later?.code == .clientClosed)
        }
    }

    @Test("commands sent before it runs wait for it")
    func early() async throws {
        try await worker.answering { [session] _ in
            session
        } _: { _ in
            var configuration = SessionClientConfiguration(url: try ScriptedWorker.url())
            configuration.namespace = worker.namespace
            let client = try SessionClient(configuration, logger: ScriptedWorker.silent)
            async let validation = client.validate("t")
            async let running: Void = client.run()
            _ = try await validation
            client.close()
            await running
        }
    }

    @Test("without a broker, connecting fails at once")
    func noBroker() async throws {
        let error = await #expect(throws: SojournError.self) {
            try await SessionClient.withConnection(
                SessionClientConfiguration(url: "amqp://127.0.0.1:1/"), logger: ScriptedWorker.silent
            ) { _ in }
        }
        #expect(error?.code == .notConnected)
    }

    @Test("it carries the trace of its caller, and records a span")
    func traces() async throws {
        let tracer = InMemoryTracer()
        try await withTracer(tracer) {
            try await worker.answering { [session] _ in
                session
            } _: { client in
                _ = try await client.validate("t")
            }
        }
        let span = try #require(tracer.finishedSpans.first { $0.operationName == "session.validate" })
        #expect(span.kind == .client)
        let command = try #require(await worker.arrivals.stream.first { _ in true })
        // Of the tracer's own headers none is W3C's.
        #expect(command.properties.headers?.entries.map(\.name) == ["deadline"])
    }
}
