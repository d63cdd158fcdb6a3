import AMQPNIO
import Foundation
import InMemoryTracing
import Logging
import NIOPosix
import ServiceLifecycle
import SessionContract
import SessionCore
import SessionCrypto
import SojournClient
import SojournExtension
import SojournService
import TestSupport
import Testing
import Tracing

/// What a program sees that runs a worker of its own, with real servers. The worker and the client are used by their
/// public names only.
@Suite("A worker as a service", .timeLimit(.minutes(2)))
struct SojournWorkerTests {
    private static let commands = 200

    private let namespace = "service-\(UInt64.random(in: 0...UInt64.max))"
    private let amqpURL: String
    private let environment: [String: String]

    init() throws {
        let servers = ProcessInfo.processInfo.environment
        amqpURL = try #require(servers["SOJOURN_TEST_AMQP_URL"], "deploy/local/test starts a RabbitMQ")
        let redisURL = try #require(servers["SOJOURN_TEST_REDIS_URL"], "deploy/local/test starts a Redis")
        let keyring = FileManager.default.temporaryDirectory.appending(path: "\(namespace).keyring").path
        try Keyring.generate(at: Timestamp(milliseconds: 0)).save(to: keyring)
        environment = [
            "SOJOURN_AMQP_URL": amqpURL, "SOJOURN_REDIS_URL": redisURL, "SOJOURN_KEYRING_FILE": keyring,
            "SOJOURN_NAMESPACE": namespace, "SOJOURN_LANES": "1", "SOJOURN_ADMIN_ADDRESS": "127.0.0.1:0",
        ]
    }

    /// Runs a worker in a service group while `body` runs, then shuts the group down and waits for it.
    private func withWorker<Result: Sendable>(
        rules: [any SessionRule] = [], _ body: @Sendable (ServiceGroup) async throws -> Result
    ) async throws -> Result {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let worker = try await SojournWorker(environment: environment, rules: rules, logger: logger)
        let group = ServiceGroup(services: [worker], logger: logger)
        let running = Task { try await group.run() }
        try await worker.waitUntilReady()
        let result = try await body(group)
        await group.triggerGracefulShutdown()
        try await running.value
        return result
    }

    private func create(_ subject: String, with client: SessionClient) async throws -> String {
        let reply = try await client.send(
            "session.create", body: #"{"subject":"\#(subject)"}"#.utf8, messageID: subject, timeout: .seconds(60))
        return String(decoding: reply, as: UTF8.self)
    }

    @Test("it records spans with the tracer of its program")
    func traces() async throws {
        let tracer = InMemoryTracer()
        try await withTracer(tracer) {
            try await withWorker { _ in
                let client = try await SessionClient.connect(url: amqpURL, namespace: namespace)
                _ = try await create("traced", with: client)
                await client.close()
            }
        }
        let names = tracer.finishedSpans.map(\.operationName)
        for name in ["load", "commit", "publish", "process \(namespace).commands.manage"] {
            #expect(names.contains(name))
        }
    }

    /// Where the commands are that were sent.
    private struct Whereabouts {
        var answers: [String] = []
        /// Those still in their queue: whether each was delivered before.
        var queued: [Bool] = []
    }

    @Test("it finishes the commands in flight when its group shuts down, and leaves the rest to the next worker")
    func drains() async throws {
        // The first worker declares the queues that commands wait in.
        try await withWorker { _ in }
        let client = try await SessionClient.connect(url: amqpURL, namespace: namespace)
        let whereabouts = Awaited(Whereabouts())
        let senders = Task {
            try await withThrowingDiscardingTaskGroup { senders in
                for number in 0..<Self.commands {
                    senders.addTask {
                        let answer = try await create("subject-\(number)", with: client)
                        whereabouts.change { $0.answers.append(answer) }
                    }
                }
            }
        }
        try await withWorker { _ in
            // Shut down with hundreds in flight.
            await whereabouts.wait { !$0.answers.isEmpty }
        }
        try await reading(Topology.CommandQueue.manage.name(in: namespace)) { isRedelivered in
            whereabouts.change { $0.queued.append(isRedelivered) }
        } while: {
            await whereabouts.wait { $0.answers.count + $0.queued.count >= Self.commands }
        }
        // What the worker had begun to execute would have been delivered a second time.
        #expect(!whereabouts.value.queued.contains(true))
        try await withWorker { _ in try await senders.value }
        #expect(whereabouts.value.answers.count == Self.commands)
        #expect(whereabouts.value.answers.allSatisfy { $0.contains(#""status":"succeeded""#) })
        await client.close()
    }

    /// Takes messages out of a queue, reports whether each was delivered before, and in the end puts them back.
    private func reading(
        _ queue: String, _ onMessage: @escaping @Sendable (Bool) -> Void, while body: () async -> Void
    ) async throws {
        let connection = try await AMQPConnection.connect(
            AMQPConfiguration(url: amqpURL), on: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "test"))
        let channel = try await connection.openChannel()
        try await channel.consume(queue: queue, onBatch: { for delivery in $0 { onMessage(delivery.redelivered) } })
        await body()
        await connection.close()
    }

    @Test("it runs the rules that it was given")
    func rules() async throws {
        struct NobodyFromElsewhere: SessionRule {
            func before(_ attempt: SessionAttempt) throws(SessionRefusal) -> SessionTerms {
                throw SessionRefusal("closed today")
            }
        }
        let reply = try await withWorker(rules: [NobodyFromElsewhere()]) { _ in
            let client = try await SessionClient.connect(url: amqpURL, namespace: namespace)
            let reply = try await create("alice", with: client)
            await client.close()
            return reply
        }
        #expect(reply.contains("not_permitted") && reply.contains("closed today"))
    }

    @Test("an invalid setting is an error that names it")
    func wrongSetting() async throws {
        var environment = environment
        environment["SOJOURN_LANES"] = "many"
        let error = await #expect(throws: SojournWorkerError.self) {
            try await SojournWorker(environment: environment)
        }
        #expect(error?.description.contains("SOJOURN_LANES") == true)
    }
}
