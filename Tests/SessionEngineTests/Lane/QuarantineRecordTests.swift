import AMQPNIO
import SessionContract
import SessionCore
import SessionCrypto
import Testing

@testable import SessionEngine

@Suite("Quarantined messages")
struct QuarantineRecordTests {
    private static let token =
        "sjs_k7Qm2vXc9Lr4TzWb8NfYp3HdS5jGaE6u-1B0xQ_tR7mK2nV9cZ4wL8yP3hD6sJ5gF0aE1uBkC7oQm2vXc9Lr4TzW"
    private let sealer = Sealer(
        keyring: .generate(at: Timestamp(milliseconds: 0)), namespace: "n", at: Timestamp(milliseconds: 0))

    private func record(
        _ properties: AMQPProperties = AMQPProperties(), routingKey: String = "session.create", body: String = "{}",
        failure: Failure = Failure(.invalidField, "is wrong", path: "/zzz")
    ) -> AMQPMessage {
        QuarantineRecord(
            delivery: AMQPDelivery(
                consumerTag: "", deliveryTag: 1, redelivered: false, exchange: "n.commands", routingKey: routingKey,
                properties: properties, body: Array(body.utf8), bodySize: UInt64(body.utf8.count)),
            queue: "n.commands.manage", failure: failure, at: Timestamp(milliseconds: 1000), id: "res_1",
            history: QuarantineRecord.History(
                deliveries: 3, receivedAt: Timestamp(milliseconds: 0), worker: "1.2.3"),
            sealer: sealer
        ).message(for: "n.dead")
    }

    @Test(
        "it says when it came, how often it was delivered, by which worker, and what the store said, at no great length"
    )
    func history() throws {
        let detail = Self.token + String(repeating: "x", count: 1000)
        let headers = try #require(
            record(failure: Failure(.internal, "it failed", detail: detail)).properties.headers)
        #expect(headers["x-sojourn-received-at"]?.string == "1970-01-01T00:00:00.000Z")
        #expect(headers["x-sojourn-at"]?.string == "1970-01-01T00:00:01.000Z")
        #expect(headers["x-sojourn-attempts"]?.integer == 3)
        #expect(headers["x-sojourn-worker"]?.string == "1.2.3")
        let error = try #require(headers["x-sojourn-error"]?.string)
        #expect(error.hasPrefix("it failed (sealed:") && !error.contains(Self.token.prefix(60)))
        #expect(error.count < 700)
    }

    @Test("no credential is left in the body, a property, the routing key or a header, by name or by value")
    func everywhere() {
        let token = Self.token
        var properties = AMQPProperties(
            contentType: token, contentEncoding: token,
            headers: [
                token: "value", "x": .string(token), "list": .array([.string(token), .table(["y": .string(token)])]),
                "bytes": .bytes(Array(token.utf8)), "opaque": .opaqueString([0xFF] + Array(token.utf8)),
                "code": "123456", "otp": 654321, "nested": .table([token: .string(token)]),
            ],
            correlationID: token, replyTo: token, expiration: token, messageID: token, type: token, appID: token,
            clusterID: token)
        properties.unreadable = [.init(name: .type, bytes: [0xFF] + Array(token.utf8))]
        let message = record(properties, routingKey: "key." + token, body: #"{"token":"\#(token)","code":"123456"}"#)
        let everything = "\(message)" + String(decoding: message.body, as: UTF8.self)
        var shown = everything
        dump(message, to: &shown)
        for secret in ["k7Qm2vXc9Lr4", "123456", "654321"] { #expect(!shown.contains(secret)) }
        #expect(message.routingKey.utf8.count <= 255)
        let bytes = Array(token.utf8)
        for case .bytes(let value) in message.properties.headers?.entries.map(\.value) ?? [] { #expect(value != bytes) }
        for case .opaqueString(let value) in message.properties.headers?.entries.map(\.value) ?? [] {
            #expect(!String(decoding: value, as: UTF8.self).contains("k7Qm2vXc9Lr4"))
        }
    }

    @Test("a property that no longer fits once it is sealed becomes a header")
    func long() throws {
        let text = String(repeating: "x.", count: 70) + Self.token
        let message = record(AMQPProperties(messageID: text), routingKey: text)
        #expect(message.properties.messageID == nil && message.routingKey == "")
        let headers = try #require(message.properties.headers)
        let seal = CredentialSeal(sealer, message: "res_1")
        for name in ["x-sojourn-message-id", "x-sojourn-routing-key"] {
            let kept = try #require(headers[name]?.string)
            #expect(String(decoding: seal.opened(Array(kept.utf8)).bytes, as: UTF8.self) == text)
        }
    }

    @Test("headers that RabbitMQ would act on when republishing are renamed")
    func copies() throws {
        let message = record(
            AMQPProperties(headers: ["CC": .array(["n.events"]), "BCC": "no list", "cc": "mine", "x-death": .array([])])
        )
        let headers = try #require(message.properties.headers)
        #expect(headers["CC"] == nil && headers["BCC"] == nil)
        #expect(headers["x-sojourn-cc"] == .array(["n.events"]) && headers["x-sojourn-bcc"] == "no list")
        #expect(headers["cc"] == "mine" && headers["x-death"] == .array([]))
    }

    @Test("a sender cannot forge the quarantine headers")
    func forged() throws {
        let message = record(
            AMQPProperties(headers: ["x-sojourn-user-id": "admin", "x-sojourn-id": "res_0", "x-sojourn-zzz": "x"]))
        let headers = try #require(message.properties.headers)
        #expect(headers["x-sojourn-user-id"] == nil && headers["x-sojourn-zzz"] == nil)
        #expect(headers["x-sojourn-id"] == "res_1")
    }
}
