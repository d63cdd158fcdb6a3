import AMQPNIO
import NIOCore
import SessionContract
import SessionCore
import SessionCrypto
import SessionStorage
import Testing

@testable import SessionEngine

@Suite("Messages for a finished command")
struct OutgoingMessagesTests {
    private static let keyring = Keyring.generate(at: Timestamp(milliseconds: 0))
    private let now = Timestamp(milliseconds: 1_800_000_000_000)
    private let outgoing = OutgoingMessages(
        namespace: "n",
        sealers: SealerSource(keyring: keyring, namespace: "n", at: Timestamp(milliseconds: 1_800_000_000_000)))

    private func delivery(
        _ command: String = "session.create", _ properties: AMQPProperties = AMQPProperties()
    ) -> AMQPDelivery {
        AMQPDelivery(
            consumerTag: "", deliveryTag: 1, redelivered: true, exchange: "n.commands", routingKey: command,
            properties: properties, body: Array("the body".utf8), bodySize: 8)
    }

    private func messages(
        for completion: Completion, of delivery: AMQPDelivery, queue: String = ""
    ) -> [AMQPMessage] {
        var batch = OutgoingBatch()
        let work = Work(
            name: CommandName(exactly: delivery.routingKey), content: .unreadable(Failure(.malformedMessage, "")),
            trace: TraceContext(delivery.properties.headers))
        let item = LaneItem(queue: .manage, delivery: delivery, work: work, receivedAt: now, arrivedAt: .now())
        outgoing.append(completion, of: item, queue: queue, to: &batch)
        return batch.replies + batch.messages
    }

    private func completion(_ failure: Failure? = nil) -> Completion {
        Completion(
            at: now,
            result: WrittenResult(
                command: "session.create", status: failure == nil ? .succeeded : .failed,
                reply: Array("full".utf8), copy: Array("copy".utf8)),
            resultID: "res_1", error: failure.map(Completion.ResultError.failed))
    }

    @Test("the full result goes to the caller, and the copy to the results exchange")
    func results() throws {
        let properties = AMQPProperties(correlationID: "c", replyTo: "q", messageID: "m")
        let messages = messages(for: completion(), of: delivery("session.create", properties), queue: "")
        try #require(messages.count == 2)
        #expect(messages[0].exchange == "" && messages[0].routingKey == "q")
        #expect(messages[0].body == Array("full".utf8))
        #expect(messages[0].properties.deliveryMode == 1)
        #expect(!messages[0].mandatory, "a direct reply that is mandatory counts as unroutable")
        #expect(messages[1].exchange == "n.results" && messages[1].routingKey == "session.create.succeeded")
        #expect(messages[1].body == Array("copy".utf8))
        #expect(messages[1].properties.deliveryMode == 2)
        for message in messages {
            #expect(message.properties.type == "session.create.result")
            #expect(message.properties.correlationID == "c")
            #expect(message.properties.messageID == "res_1")
            #expect(message.properties.contentType == "application/json")
        }
    }

    @Test("without a correlation id the message id is used, and without a reply_to no reply is sent")
    func correlation() {
        let messages = messages(
            for: completion(), of: delivery("session.validate", AMQPProperties(messageID: "m")), queue: "")
        #expect(messages.map(\.exchange) == ["n.results"])
        #expect(messages[0].properties.correlationID == "m")
        #expect(messages[0].properties.deliveryMode == 1, "what changes nothing is transient")
    }

    @Test("a valid trace context is passed on")
    func trace() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        for (parent, expected) in [(good, good), (good.uppercased(), nil), ("00-0af-b7-01", nil)] {
            let properties = AMQPProperties(headers: ["traceparent": .string(parent), "tracestate": "a=b"])
            let message = messages(for: completion(), of: delivery("session.create", properties), queue: "")[0]
            #expect(message.properties.headers?["traceparent"]?.string == expected)
            #expect(message.properties.headers?["tracestate"]?.string == expected.map { _ in "a=b" })
        }
    }

    @Test(
        "a trace state that is invalid or could be a credential is not published",
        arguments: ["a=sjs_k7Qm2vXc9Lr4TzWb8NfYp3HdS5jGaE6u-1B0xQ", "a=\u{1B}[2J", "a=ü", "a=\u{7F}"])
    func traceState(state: String) {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let properties = AMQPProperties(
            headers: ["traceparent": .string(parent), "tracestate": .string(state)], replyTo: "q")
        for message in messages(for: completion(), of: delivery("session.create", properties)) {
            #expect(message.properties.headers?["traceparent"]?.string == parent)
            #expect(message.properties.headers?["tracestate"] == nil)
        }
    }

    @Test("headers that RabbitMQ would act on are not copied to replies, copies or events")
    func obeyed() {
        let properties = AMQPProperties(
            headers: ["CC": .array(["elsewhere"]), "BCC": .array(["elsewhere"]), "x-death": .array([])], replyTo: "q")
        for message in messages(for: completion(), of: delivery("session.create", properties)) {
            #expect(message.properties.headers?.entries.map(\.name) ?? [] == [])
        }
    }

    @Test("ids that look like credentials are only returned to their sender")
    func secretIDs() {
        let result = WrittenResult(command: "session.create", status: .succeeded, reply: [1], copy: [2])
        let completion = Completion(at: now, result: result, resultID: "res_1", omissions: .ids)
        let messages = messages(
            for: completion, of: delivery("session.create", AMQPProperties(correlationID: "secret", replyTo: "q")))
        #expect(messages.map(\.properties.correlationID) == ["secret", nil])
    }

    @Test("a command without a reply has its copy, and one that is not to be kept is not quarantined")
    func omissions() {
        let result = WrittenResult(command: "session.create", status: .failed, reply: [1], copy: [2])
        let completion = Completion(
            at: now, result: result, resultID: "res_1", error: .failed(Failure(.malformedMessage, "")),
            omissions: [.reply, .quarantine])
        let messages = messages(for: completion, of: delivery("session.create", AMQPProperties(replyTo: "q")))
        #expect(messages.map(\.exchange) == ["n.results"])
    }

    @Test("a command that failed for good is quarantined unchanged, except for what RabbitMQ would refuse or drop")
    func quarantine() throws {
        let properties = AMQPProperties(
            contentType: "text/plain", headers: ["mine": "kept", "x-delivery-count": 2], correlationID: "c",
            expiration: "5000", messageID: "m", userID: "guest", appID: "shop")
        let failure = Failure(.invalidField, "is wrong", path: "/subject")
        let messages = messages(
            for: completion(failure), of: delivery("session.create", properties), queue: "n.commands.manage")
        let kept = try #require(messages.first { $0.exchange == "n.dead" })
        #expect(kept.routingKey == "session.create")
        #expect(kept.body == Array("the body".utf8))
        #expect(kept.mandatory, "nothing is lost because a queue is missing")
        #expect(kept.properties.userID == nil && kept.properties.expiration == nil)
        #expect(kept.properties.contentType == "text/plain" && kept.properties.appID == "shop")
        let headers = try #require(kept.properties.headers)
        #expect(headers["mine"]?.string == "kept")
        #expect(headers["x-sojourn-user-id"]?.string == "guest")
        #expect(headers["x-sojourn-expiration"]?.string == "5000")
        #expect(headers["x-sojourn-reason"]?.string == "invalid_field")
        #expect(headers["x-sojourn-error"]?.string == "/subject: is wrong")
        #expect(headers["x-sojourn-at"]?.string == "2027-01-15T08:00:00.000Z")
        #expect(headers["x-sojourn-attempts"]?.integer == 3)
        #expect(headers["x-sojourn-queue"]?.string == "n.commands.manage")
    }

    @Test(
        "a command that failed for a temporary reason is not quarantined",
        arguments: [Failure.Code.conflict, .unavailable, .commandExpired])
    func passing(code: Failure.Code) {
        let messages = messages(for: completion(Failure(code, "")), of: delivery(), queue: "")
        #expect(!messages.contains { $0.exchange == "n.dead" })
    }

    @Test("an event is persistent, and has its id and type as properties")
    func events() {
        let message = outgoing.message(for: OutgoingEvent(id: "evt_1", type: "session.created", body: [1]))
        #expect(message.exchange == "n.events" && message.routingKey == "session.created")
        #expect(message.properties.messageID == "evt_1" && message.properties.type == "session.created")
        #expect(message.properties.contentType == "application/cloudevents+json")
        #expect(message.properties.deliveryMode == 2)
    }
}
