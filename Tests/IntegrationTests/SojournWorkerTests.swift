import AMQPNIO
import InMemoryTracing
import Logging
import NIOPosix
import ServiceLifecycle
import SessionContract
import SojournClient
import SojournExtension
import SojournService
import TestSupport
import Testing
import Tracing
import WorkerFixture

/// What a program sees that runs a worker of its own, with real servers. The worker and the client are used by their
/// public names only.
@Suite("A worker as a service", .timeLimit(.minutes(2)))
struct SojournWorkerTests {
    private static let commands = 200

    private let worker: RunningWorker

    init() throws {
        worker = try RunningWorker("service")
    }

    private func withClient<Result: Sendable>(
        _ body: (SessionClient) async throws -> Result
    ) async throws -> Result {
        var configuration = SessionClientConfiguration(url: worker.amqpURL)
        configuration.namespace = worker.namespace
        return try await SessionClient.withConnection(configuration, logger: worker.logger, body)
    }

    private func create(_ subject: String, with client: SessionClient) async throws -> String {
        let reply = try await client.send(
            "session.create", body: Array(#"{"subject":"\#(subject)"}"#.utf8),
            options: CommandOptions(id: subject, timeout: .seconds(60)))
        return String(decoding: reply, as: UTF8.self)
    }

    @Test("it records spans with the tracer of its program")
    func traces() async throws {
        let tracer = InMemoryTracer()
        try await withTracer(tracer) {
            _ = try await worker.run { _ in try await withClient { try await create("traced", with: $0) } }
        }
        let names = tracer.finishedSpans.map(\.operationName)
        for name in ["load", "commit", "publish", "process \(worker.namespace).commands.manage"] {
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
        try await worker.run { _ in }
        try await withClient { try await drain(through: $0) }
    }

    private func drain(through client: SessionClient) async throws {
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
        try await worker.run { _ in
            // Shut down with hundreds in flight.
            await whereabouts.wait { !$0.answers.isEmpty }
        }
        try await reading(Topology.CommandQueue.manage.name(in: worker.namespace)) { isRedelivered in
            whereabouts.change { $0.queued.append(isRedelivered) }
        } while: {
            await whereabouts.wait { $0.answers.count + $0.queued.count >= Self.commands }
        }
        // What the worker had begun to execute would have been delivered a second time.
        #expect(!whereabouts.value.queued.contains(true))
        try await worker.run { _ in try await senders.value }
        #expect(whereabouts.value.answers.count == Self.commands)
        #expect(whereabouts.value.answers.allSatisfy { $0.contains(#""status":"succeeded""#) })
    }

    /// Takes messages out of a queue, reports whether each was delivered before, and in the end puts them back.
    private func reading(
        _ queue: String, _ onMessage: @escaping @Sendable (Bool) -> Void, while body: () async -> Void
    ) async throws {
        let connection = try await AMQPConnection.connect(
            AMQPConfiguration(url: worker.amqpURL), on: MultiThreadedEventLoopGroup.singleton.next(),
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
        let reply = try await worker.run(rules: [NobodyFromElsewhere()]) { _ in
            try await withClient { try await create("alice", with: $0) }
        }
        #expect(reply.contains("not_permitted") && reply.contains("closed today"))
    }

    @Test("an invalid setting is an error that names it")
    func wrongSetting() async throws {
        var environment = worker.environment
        environment["SOJOURN_LANES"] = "many"
        let error = await #expect(throws: SojournWorkerError.self) {
            try await SojournWorker(environment: environment)
        }
        #expect(error?.description.contains("SOJOURN_LANES") == true)
    }
}
