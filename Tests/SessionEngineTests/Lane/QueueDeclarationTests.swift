import AMQPNIO
import SessionContract
import Testing

@testable import SessionEngine

@Suite struct QueueDeclarationTests {
    private let declaration = QueueDeclaration(queue: Topology(namespace: "n").queues[0])

    private static func difference(_ name: String) -> AMQPError {
        AMQPError(
            .preconditionFailed, "", replyCode: 406,
            replyText: "inequivalent arg '\(name)' for queue 'q' in vhost '/': received 'a' but current is 'b'")
    }

    @Test("an error that is no difference is thrown at once")
    func otherErrors() async {
        var declarations = 0
        let error = await #expect(throws: AMQPError.self) {
            try await declaration.run { _ throws(AMQPError) in
                declarations += 1
                throw AMQPError(.preconditionFailed, "no such exchange")
            }
        }
        #expect(error?.message == "no such exchange")
        #expect(declarations == 1)
    }

    @Test("a difference that is reported twice is thrown: its value cannot be declared from its text")
    func reportedTwice() async {
        var declarations = 0
        await #expect(throws: Self.difference("x-max-length")) {
            try await declaration.run { _ throws(AMQPError) in
                declarations += 1
                throw Self.difference("x-max-length")
            }
        }
        #expect(declarations == 2)
    }

    @Test("a queue of another kind is not compared further")
    func otherKind() async throws {
        let findings = try await declaration.run { _ throws(AMQPError) in throw Self.difference("durable") }
        #expect(findings.differences.map(\.argument.name) == ["durable"])
    }

    @Test("a queue that changes without end is given up")
    func endless() async {
        var declarations = 0
        let error = await #expect(throws: AMQPError.self) {
            try await declaration.run { _ throws(AMQPError) in
                declarations += 1
                guard declarations.isMultiple(of: 2) else { throw Self.difference("x-max-length") }
                throw AMQPError(.preconditionFailed, "invalid arg 'x-max-age'")
            }
        }
        #expect(error?.code == .preconditionFailed)
        #expect(error?.message.hasSuffix("invalid arg 'x-max-age'") == true)
        #expect(declarations == 24)
    }
}
