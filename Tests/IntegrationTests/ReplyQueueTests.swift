import AMQPNIO
import Logging
import SessionContract
import SessionCore
import SessionCrypto
import Testing

@testable import SessionEngine

@Suite("Permitted reply queues")
struct ReplyQueueTests {
    private static let permissions = """
        {"shop": {"commands": ["session.*"], "replyTo": ["shop.replies.#", "single"]}, "open": ["#"],
         "mute": {"commands": ["#"], "replyTo": []}}
        """
    private static let keyring = Keyring.generate(at: Timestamp(milliseconds: 0))

    private func read(
        _ queue: String, from caller: String? = nil, restricted: Bool = false, command: String = "session.create"
    ) throws -> Work {
        let permissions = restricted ? try CallerPermissions.read(Array(Self.permissions.utf8)) : .anything
        let reader = DeliveryReader(
            commands: CommandReader(maxBodyBytes: 65536, tokens: TokenCodec(keyring: Self.keyring, namespace: "n")),
            hash: KeyedHash(keyring: Self.keyring, namespace: "n"), namespace: "n",
            unknownCommands: QuarantineAllowance(logger: Logger(label: "test")), permissions: { permissions })
        let body = Array(#"{"subject":"alice"}"#.utf8)
        return reader.read(
            AMQPDelivery(
                consumerTag: "", deliveryTag: 1, redelivered: false, exchange: "", routingKey: command,
                properties: AMQPProperties(replyTo: queue, messageID: "m", userID: caller), body: body,
                bodySize: UInt64(body.count)))
    }

    @Test(
        "no reply is sent to a queue of Sojourn or RabbitMQ itself, and the command has no effect",
        arguments: [
            "n.quarantine", "n.commands.revoke", "n.anything", "n.", "amq.gen-abc", "amq.", "amq.rabbitmq.trace",
            "amq.rabbitmq.reply-tox", "amq.rabbitmq.reply-to/a",
        ])
    func reserved(queue: String) throws {
        for command in ["session.create", "session.validate", "no.such.command"] {
            let work = try read(queue, command: command)
            guard case .unreadable(let failure) = work.content else { throw Effect() }
            #expect(failure.code == .malformedMessage)
            #expect(work.omissions.contains(.reply))
            #expect(!failure.message.contains(queue), "a name that a sender made up is not repeated")
        }
    }

    @Test(
        "a reply is sent to any other queue, and to any direct reply-to address",
        arguments: [
            "replies", "n", "nn.quarantine", "N.quarantine", "amq", "amqp.replies", "amq.rabbitmq.reply-to",
            "amq.rabbitmq.reply-to.g1h2AAAA.gone==", "amq.rabbitmq.reply-to..AAAA.k", "ümläut", "",
        ])
    func open(queue: String) throws {
        let work = try read(queue)
        guard case .command = work.content else { throw Effect() }
        #expect(work.omissions == [])
    }

    @Test(
        "no reply is sent outside the caller's patterns, and the command has no effect",
        arguments: [("shop", "billing"), ("shop", "shop"), ("shop", "single.x"), ("mute", "anything"), ("mute", "")])
    func notPermitted(caller: String, queue: String) throws {
        let work = try read(queue, from: caller, restricted: true)
        guard case .rejected(let rejection) = work.content else { throw Effect() }
        #expect(rejection.code == .notPermitted)
        #expect(work.omissions.contains(.reply))
    }

    @Test(
        "a caller is answered within its patterns, without any patterns, or by direct reply-to",
        arguments: [
            ("shop", "shop.replies"), ("shop", "shop.replies.7.b"), ("shop", "single"), ("open", "anything"),
            ("shop", "amq.rabbitmq.reply-to.AAAA.k"), ("mute", "amq.rabbitmq.reply-to.AAAA.k"),
        ])
    func permitted(caller: String, queue: String) throws {
        let work = try read(queue, from: caller, restricted: true)
        guard case .command = work.content else { throw Effect() }
        #expect(!work.omissions.contains(.reply))
    }

    @Test("the namespace's own queues are refused even if the caller's patterns match them")
    func both() throws {
        let work = try read("n.quarantine", from: "open", restricted: true)
        guard case .unreadable = work.content else { throw Effect() }
        #expect(work.omissions.contains(.reply))
    }

    private struct Effect: Error {}
}

@Suite("Messages that are not quarantined")
struct QuarantineAllowanceTests {
    private static let keyring = Keyring.generate(at: Timestamp(milliseconds: 0))

    private func reader(_ permissions: CallerPermissions) -> DeliveryReader {
        DeliveryReader(
            commands: CommandReader(maxBodyBytes: 65536, tokens: TokenCodec(keyring: Self.keyring, namespace: "n")),
            hash: KeyedHash(keyring: Self.keyring, namespace: "n"), namespace: "n",
            unknownCommands: QuarantineAllowance(logger: Logger(label: "test")), permissions: { permissions })
    }

    private func omissions(_ command: String, from caller: String?, by reader: DeliveryReader) -> Omissions {
        var properties = AMQPProperties(messageID: "m", userID: caller)
        properties.unreadable = [.init(name: .appID, bytes: [0xFF])]
        return reader.read(
            AMQPDelivery(
                consumerTag: "", deliveryTag: 1, redelivered: false, exchange: "", routingKey: command,
                properties: properties, body: [], bodySize: 0)
        ).omissions
    }

    @Test("a forbidden command is not quarantined, however malformed")
    func notPermitted() throws {
        let reader = reader(try CallerPermissions.read(Array(#"{"shop": ["session.*"]}"#.utf8)))
        for caller in ["stranger", nil] {
            #expect(omissions("session.create", from: caller, by: reader).contains(.quarantine))
            #expect(omissions("no.such.command", from: caller, by: reader).contains(.quarantine))
        }
        #expect(omissions("policy.put", from: "shop", by: reader).contains(.quarantine))
        #expect(!omissions("session.create", from: "shop", by: reader).contains(.quarantine))
        #expect(!omissions("session.crate", from: "shop", by: reader).contains(.quarantine))
    }

    @Test("unknown commands are quarantined at a limited rate")
    func unknown() {
        let reader = reader(.anything)
        let kept = (0..<1000).count { _ in !omissions("no.such.command", from: nil, by: reader).contains(.quarantine) }
        #expect(kept == 20)
        #expect(!omissions("session.create", from: nil, by: reader).contains(.quarantine))
        let allowance = QuarantineAllowance(logger: Logger(label: "test"))
        let begin = ContinuousClock.now
        #expect((0..<30).count { _ in allowance.take(at: begin) } == 20)
        #expect(allowance.take(at: begin + .seconds(61)))
    }

    @Test("ids that look like credentials are not published")
    func ids() {
        let reader = reader(.anything)
        let token = "sjs_" + String(repeating: "k7Qm2vXc", count: 11)
        for properties in [AMQPProperties(messageID: token), AMQPProperties(correlationID: token, messageID: "m")] {
            let work = reader.read(
                AMQPDelivery(
                    consumerTag: "", deliveryTag: 1, redelivered: false, exchange: "", routingKey: "session.validate",
                    properties: properties, body: [], bodySize: 0))
            #expect(work.omissions == .ids)
        }
    }
}
