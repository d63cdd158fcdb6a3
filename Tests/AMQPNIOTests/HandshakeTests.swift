import NIOCore
import Testing

@testable import AMQPNIO

@Suite struct HandshakeTests {
    @Test("a handshake follows the protocol step by step")
    func handshakeFollows() throws {
        let broker = try ScriptedBroker { $0.virtualHost = "shop" }
        #expect(broker.sentBytes() == [0x41, 0x4D, 0x51, 0x50, 0, 0, 9, 1])

        try broker.say(Server.start())
        let startOK = broker.sent()
        #expect(startOK.names == ["10.11@0"])
        let payload = startOK[0].payload
        #expect(payload.contains(Array("\0ann\0hunter2".utf8)))
        #expect(payload.contains(Array("PLAIN".utf8)))
        for capability in [
            "connection.blocked", "consumer_cancel_notify", "publisher_confirms", "basic.nack",
            "authentication_failure_close", "exchange_exchange_bindings",
        ] {
            // The length-prefixed name, then a boolean that is true.
            let entry = [UInt8(capability.utf8.count)] + Array(capability.utf8) + [UInt8(ascii: "t"), 1]
            #expect(payload.contains(entry), "\(capability) is not advertised")
        }

        try broker.say(Server.tune(channelMax: 10, frameMax: 65_536, heartbeat: 7))
        let tuned = broker.sent()
        #expect(tuned.names == ["10.31@0", "10.40@0"])
        #expect(Array(tuned[0].payload.dropFirst(4)) == [0, 10, 0, 1, 0, 0, 0, 7])
        #expect(Array(tuned[1].payload.dropFirst(4)) == [4] + Array("shop".utf8) + [0, 0])
        #expect(!broker.connection.isOpen && broker.connection.server == nil)

        try broker.say(Server.openOK)
        #expect(broker.connection.isOpen)
        #expect(broker.connection.server?.product == "RabbitMQ" && broker.connection.server?.version == "3.10.8")
        #expect(broker.sent().isEmpty)
    }

    @Test(
        "the smaller heartbeat wins, and only ours can disable heartbeats",
        arguments: [
            // server's heartbeat, ours, negotiated
            (UInt16(60), 10, UInt8(10)), (5, 10, 5), (0, 10, 10), (60, 0, 0),
        ])
    func smallerHeartbeat(server: UInt16, ours: Int, agreed: UInt8)
        throws
    {
        let broker = try ScriptedBroker { $0.heartbeat = .seconds(Int64(ours)) }
        _ = broker.sentBytes()
        try broker.say(Server.start())
        _ = broker.sent()
        try broker.say(Server.tune(heartbeat: server))
        #expect(broker.sent()[0].payload.suffix(2) == [0, agreed])
    }

    @Test("a refused password reports the broker's words and is answered")
    func refusedPassword() throws {
        let broker = try ScriptedBroker()
        _ = broker.sentBytes()
        try broker.say(Server.start())
        _ = broker.sent()
        let words = "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN"
        try broker.say(Server.close(0, 403, words))
        let error = try #require(broker.handshakeError())
        #expect(error.code == .authenticationFailed)
        #expect(error.replyCode == 403)
        #expect(error.replyText == words)
        #expect(broker.sent().names == ["10.51@0"])
        #expect(!"\(error)".contains("hunter2"))
    }

    @Test("a missing virtual host is distinguished from a wrong password")
    func missingVirtual() throws {
        let broker = try ScriptedBroker()
        _ = broker.sentBytes()
        try broker.say(Server.start(), Server.tune())
        _ = broker.sent()
        try broker.say(Server.close(0, 530, "NOT_ALLOWED - vhost / not found"))
        #expect(broker.handshakeError()?.code == .virtualHostUnavailable)
    }

    @Test(
        "the moment at which a server hangs up determines the error",
        arguments: [
            ("at once", 0, AMQPError.Code.handshakeFailed), ("after the password", 1, .authenticationFailed),
            ("after open", 2, .virtualHostUnavailable),
        ])
    func momentServer(when: String, steps: Int, code: AMQPError.Code)
        throws
    {
        let broker = try ScriptedBroker()
        if steps > 0 { try broker.say(Server.start()) }
        if steps > 1 { try broker.say(Server.tune()) }
        try broker.hangUp()
        #expect(broker.handshakeError()?.code == code)
    }

    @Test("a silent server times out")
    func silentServer() throws {
        let broker = try ScriptedBroker { $0.connectTimeout = .seconds(3) }
        broker.advance(.milliseconds(2999))
        #expect(broker.handshakeError() == nil)
        broker.advance(.milliseconds(1))
        #expect(broker.handshakeError()?.code == .timeout)
        #expect(!broker.isConnected)
    }

    @Test("the connect timeout applies until open-ok and not beyond")
    func connectTimeout() throws {
        let broker = try ScriptedBroker {
            $0.connectTimeout = .seconds(3)
            $0.heartbeat = .zero
        }
        try broker.say(Server.start(), Server.tune(heartbeat: 0), Server.openOK)
        broker.advance(.seconds(10))
        #expect(broker.connection.isOpen)
    }

    @Test(
        "a server of another protocol is recognised by its first byte",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "AMQP\u{0}\u{1}\u{0}\u{0}",
            "\u{15}\u{3}\u{3}\u{0}\u{2}",
        ])
    func serverAnother(greeting: String) throws {
        let broker = try ScriptedBroker()
        try broker.say([Array(greeting.utf8)[0]])
        #expect(broker.handshakeError()?.code == .handshakeFailed)
        #expect(!broker.isConnected)
    }

    @Test("a server without PLAIN or with another version is rejected")
    func serverWithout() throws {
        for start in [Server.start(mechanisms: "EXTERNAL AMQPLAIN"), Server.start(mechanisms: "PLAINER")] {
            let broker = try ScriptedBroker()
            try broker.say(start)
            #expect(broker.handshakeError()?.code == .authenticationFailed)
        }
        let broker = try ScriptedBroker()
        try broker.say(Server.start(major: 1, minor: 0))
        #expect(broker.handshakeError()?.code == .handshakeFailed)
    }

    @Test("out-of-order steps and a too small frame size end the handshake")
    func outOrder() throws {
        let early = try ScriptedBroker()
        try early.say(Server.openOK)
        #expect(early.handshakeError()?.code == .handshakeFailed)
        let small = try ScriptedBroker()
        try small.say(Server.start(), Server.tune(frameMax: 1024))
        #expect(small.handshakeError()?.code == .handshakeFailed)
    }
}

extension [UInt8] {
    /// Whether the bytes occur in this order anywhere.
    func contains(_ other: [UInt8]) -> Bool {
        guard other.count <= count else { return false }
        return (0...(count - other.count)).contains { Array(self[$0..<($0 + other.count)]) == other }
    }
}
