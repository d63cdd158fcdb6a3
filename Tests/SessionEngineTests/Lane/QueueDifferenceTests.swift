import AMQPNIO
import Testing

@testable import SessionEngine

@Suite struct QueueDifferenceTests {
    private static func difference(_ name: String, wanted: String?, found: String?) throws -> QueueDifference {
        func words(_ value: String?) -> String { value.map { "the value '\($0)' of type 'longstr'" } ?? "none" }
        let text = "inequivalent arg '\(name)' for queue 'q' in vhost '/': received \(words(wanted)) but current is "
        let error = AMQPError(.preconditionFailed, "", replyCode: 406, replyText: text + words(found))
        return QueueDifference(queue: "q", argument: try #require(InequivalentArgument(error)))
    }

    @Test(
        "a command queue that differs is used only if no promise depends on the difference",
        arguments: [
            ("durable", "true", "false", nil, true), ("auto_delete", "false", "true", nil, true),
            ("exclusive", "false", "true", nil, true), ("x-expires", nil, "1000", nil, true),
            ("x-queue-type", "quorum", nil, nil, true), ("x-queue-type", "quorum", "stream", nil, true),
            ("x-queue-type", nil, "quorum", nil, false), ("x-queue-mode", nil, "lazy", nil, false),
            ("x-dead-letter-exchange", "d", nil, nil, true),
            ("x-dead-letter-strategy", "at-least-once", nil, nil, true),
            ("x-overflow", "reject-publish", "drop-head", "drop-head", true), ("x-message-ttl", nil, "1000", nil, true),
            ("x-delivery-limit", "200", "5", nil, true), ("x-delivery-limit", "200", "50", nil, false),
            ("x-delivery-limit", "200", nil, nil, false), ("x-max-length", nil, "5", nil, true),
            ("x-max-length", nil, "5", "reject-publish", false), ("x-max-length", nil, "5", "drop-head", true),
            ("x-something-new", nil, "1", nil, true),
        ] as [(String, String?, String?, String?, Bool)])
    func commandQueue(
        name: String, wanted: String?, found: String?, overflow: String?, breaks: Bool
    ) throws {
        let difference = try Self.difference(name, wanted: wanted, found: found)
        #expect(difference.breaksPromises(overflow: overflow, isQuarantine: false) == breaks)
    }

    @Test(
        "the bounds of quarantine are the operator's choice, but a full quarantine must not refuse messages",
        arguments: [
            ("x-max-length", "100000", "5", nil, false), ("x-max-length", "100000", nil, nil, false),
            ("x-max-length", "100000", "5", "reject-publish", true), ("x-message-ttl", "1", "2", nil, false),
            ("x-overflow", nil, "reject-publish", "reject-publish", true), ("x-queue-type", "quorum", nil, nil, true),
        ] as [(String, String?, String?, String?, Bool)])
    func boundsQuarantine(
        name: String, wanted: String?, found: String?, overflow: String?, breaks: Bool
    ) throws {
        let difference = try Self.difference(name, wanted: wanted, found: found)
        #expect(difference.breaksPromises(overflow: overflow, isQuarantine: true) == breaks)
    }

    @Test("a difference is reported with its name, the wanted and the existing value")
    func differenceSaid() throws {
        #expect(
            try Self.difference("x-queue-type", wanted: "quorum", found: nil).sentence
                == "x-queue-type of the queue q is not set, where 'quorum' is wanted")
        #expect(
            try Self.difference("x-max-length", wanted: nil, found: "5").sentence
                == "x-max-length of the queue q is '5', where it should not be set")
    }
}
