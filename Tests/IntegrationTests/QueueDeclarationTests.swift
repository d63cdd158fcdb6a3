import AMQPNIO
import Foundation
import Logging
import NIOPosix
import SessionContract
import Testing

@testable import SessionEngine

/// Declarations on a real RabbitMQ, which alone knows what it compares and what it creates.
@Suite(.timeLimit(.minutes(2)))
struct QueueDeclarationTests {
    /// A replicated queue, with dead-lettering.
    private let queue = Topology(namespace: "declaration-\(UInt64.random(in: 0...UInt64.max))").queues[0]

    private func withConnection(_ body: (AMQPConnection) async throws -> Void) async throws {
        let url = try #require(
            ProcessInfo.processInfo.environment["SOJOURN_TEST_AMQP_URL"], "deploy/local/test starts a RabbitMQ")
        let connection = try await AMQPConnection.connect(
            AMQPConfiguration(url: url), on: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "test"))
        do { try await body(connection) } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    /// A channel for each declaration, because a rejected one closes it.
    private func declare(
        _ queue: Topology.Queue, _ arguments: AMQPTable, over connection: AMQPConnection
    ) async throws(AMQPError) {
        let channel = try await connection.openChannel()
        try await channel.queueDeclare(queue.name, arguments: arguments)
        await channel.close()
    }

    private func delete(_ queue: Topology.Queue, over connection: AMQPConnection) async throws(AMQPError) {
        let channel = try await connection.openChannel()
        _ = try await channel.queueDelete(queue.name)
        await channel.close()
    }

    @Test(
        "a queue that is deleted while it is compared is created with the wanted arguments only",
        arguments: [2, 3, 4])
    func deletedMeanwhile(before number: Int) async throws {
        try await withConnection { connection in
            // At least three differences, so at least three corrected declarations after the one with the wanted
            // arguments.
            try await declare(
                queue, ["x-queue-type": "quorum", "x-delivery-limit": 50, "x-max-length": 10], over: connection)
            var declarations = 0
            let findings = try await QueueDeclaration(queue: queue).run { arguments throws(AMQPError) in
                declarations += 1
                if declarations == number { try await delete(queue, over: connection) }
                try await declare(queue, arguments, over: connection)
            }
            #expect(declarations == number + 1)
            #expect(findings == QueueDeclaration.Findings(overflow: "reject-publish"))
            // RabbitMQ rejects this unless the queue has exactly the wanted arguments.
            var again = 0
            let second = try await QueueDeclaration(queue: queue).run { arguments throws(AMQPError) in
                again += 1
                try await declare(queue, arguments, over: connection)
            }
            #expect(again == 1)
            #expect(second.differences.isEmpty)
            try await delete(queue, over: connection)
        }
    }

    @Test("all differences of an existing queue are found, and the queue is left as it is")
    func allDifferences() async throws {
        try await withConnection { connection in
            let existing: AMQPTable = [
                "x-queue-type": "quorum", "x-delivery-limit": 50, "x-max-length": 10, "x-overflow": "drop-head",
            ]
            try await declare(queue, existing, over: connection)
            let findings = try await QueueDeclaration(queue: queue).run { arguments throws(AMQPError) in
                try await declare(queue, arguments, over: connection)
            }
            #expect(
                Set(findings.differences.map(\.argument.name)) == [
                    "x-delivery-limit", "x-max-length", "x-overflow", "x-dead-letter-exchange",
                    "x-dead-letter-strategy",
                ])
            #expect(findings.overflow == "drop-head")
            try await declare(queue, existing, over: connection)
            try await delete(queue, over: connection)
        }
    }
}
