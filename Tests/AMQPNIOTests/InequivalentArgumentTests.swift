import Testing

@testable import AMQPNIO

@Suite struct InequivalentArgumentTests {
    private static func read(_ words: String, code: UInt16 = 406) -> InequivalentArgument? {
        InequivalentArgument(CloseReason(replyCode: code, replyText: words).channelError())
    }

    /// RabbitMQ 3.10's wording.
    @Test(
        "the difference is parsed from the broker's message",
        arguments: [
            (
                "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': received the value 'quorum' of type 'longstr' but current is none",
                "x-queue-type", "quorum", nil
            ),
            (
                "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'it's' in vhost '/': received none but current is the value '5' of type 'long'",
                "x-max-length", nil, "5"
            ),
            (
                "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'",
                "durable", "true", "false"
            ),
        ] as [(String, String, String?, String?)])
    func differenceParsed(
        words: String, name: String, wanted: String?, found: String?
    ) throws {
        let argument = try #require(Self.read(words))
        #expect(argument.name == name)
        #expect(argument.wanted == wanted)
        #expect(argument.found == found)
    }

    @Test(
        "other messages and truncated ones yield no difference",
        arguments: [
            "", "PRECONDITION_FAILED - unknown delivery tag 7", "inequivalent arg '",
            "inequivalent arg 'a' for queue 'q': received none but current is the val",
            "inequivalent arg 'a' for queue 'q': received '", "inequivalent arg 'a' for : received  but current is '",
        ])
    func otherMessages(words: String) {
        #expect(Self.read(words) == nil)
    }
}
