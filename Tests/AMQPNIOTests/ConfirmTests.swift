import NIOCore
import TestSupport
import Testing

@testable import AMQPNIO

@Suite struct ConfirmTests {
    private static func message(_ key: String, mandatory: Bool = false, id: String? = nil) -> AMQPMessage {
        AMQPMessage(
            exchange: "e", routingKey: key, mandatory: mandatory, properties: AMQPProperties(messageID: id), body: [1])
    }

    private typealias Outcomes = Recorder<Result<[AMQPPublishOutcome], AMQPError>>

    private func publish(_ channel: AMQPChannel, _ messages: [AMQPMessage], timeout: TimeAmount? = nil) -> Outcomes {
        let outcomes = Outcomes()
        channel.publish(messages, timeout: timeout) { outcomes.add($0) }
        return outcomes
    }

    @Test("a batch is sent in one write and resolves once every message has")
    func batchSent() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel(confirms: true)
        let outcomes = publish(channel, (1...3).map { Self.message("k\($0)") })
        let writes = broker.writes()
        #expect(writes.count == 1)
        #expect(ClientFrame.parse(writes[0]).filter { $0.name == "60.40" }.count == 3)
        try broker.say(Server.ack(1, 3), Server.ack(1, 1))
        #expect(outcomes.values.isEmpty)
        try broker.say(Server.ack(1, 2))
        #expect(try outcomes.values.map { try $0.get() } == [[.confirmed, .confirmed, .confirmed]])
    }

    @Test("one confirm with multiple resolves several batches in order")
    func confirmMultiple() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel(confirms: true)
        let order = Recorder<Int>()
        for batch in 0..<3 {
            channel.publish([Self.message("a"), Self.message("b")]) { _ in order.add(batch) }
        }
        try broker.say(Server.ack(1, 5, multiple: true))
        #expect(order.values == [0, 1])
        try broker.say(Server.ack(1, 6))
        #expect(order.values == [0, 1, 2])
    }

    @Test("a negative confirm marks only its own messages as rejected")
    func negativeConfirm() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel(confirms: true)
        let outcomes = publish(channel, (1...4).map { Self.message("k\($0)") })
        try broker.say(Server.ack(1, 1), Server.nack(1, 3, multiple: true), Server.ack(1, 4))
        #expect(try outcomes.values.map { try $0.get() } == [[.confirmed, .rejected, .rejected, .confirmed]])
    }

    @Test("a return precedes its ack and marks the right message")
    func returnPrecedes() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel(confirms: true)
        let outcomes = publish(
            channel,
            [
                Self.message("k", mandatory: true, id: "1"), Self.message("k", mandatory: true, id: "2"),
                Self.message("k"), Self.message("gone", mandatory: true, id: "3"),
            ])
        // Only the message_id property distinguishes the first two.
        let second = Wire.build {
            $0.u16(1 << 7)
            $0.short("2")
        }
        let third = Wire.build {
            $0.u16(1 << 7)
            $0.short("3")
        }
        try broker.say(
            Server.returned(1, exchange: "e", routingKey: "k", body: [1], properties: second),
            Server.returned(1, exchange: "e", routingKey: "gone", body: [1], properties: third),
            Server.ack(1, 4, multiple: true))
        let back = AMQPPublishOutcome.returned(replyCode: 312, replyText: "NO_ROUTE")
        #expect(try outcomes.values.map { try $0.get() } == [[.confirmed, back, .confirmed, back]])
    }

    @Test("a message that does not fit the protocol does not block its batch")
    func messageFit() throws {
        let broker = try ScriptedBroker.open(frameMax: 4096)
        let channel = try broker.openChannel(confirms: true)
        let long = String(repeating: "x", count: 256)
        var bulky = Self.message("k")
        bulky.properties.headers = ["h": .bytes([UInt8](repeating: 0, count: 5000))]
        var deep = AMQPTable()
        for _ in 0..<20 { deep = ["t": .table(deep)] }
        var nested = Self.message("k")
        nested.properties.headers = deep
        var wideName = Self.message("k")
        wideName.properties.headers = [long: 1]
        var wideProperty = Self.message("k")
        wideProperty.properties.correlationID = long
        let outcomes = publish(
            channel,
            [Self.message(long), Self.message("good"), bulky, nested, wideName, wideProperty, Self.message("too")])
        let frames = broker.sent()
        #expect(frames.names == ["60.40@1", "header@1", "body@1", "60.40@1", "header@1", "body@1"])
        try broker.say(Server.nack(1, 2), Server.ack(1, 1))
        let result = try #require(try outcomes.values.first?.get())
        #expect(result[1] == .confirmed)
        #expect(result[6] == .rejected)
        for index in [0, 2, 3, 4, 5] {
            guard case .unsendable = result[index] else {
                Issue.record("message \(index) was \(result[index])")
                continue
            }
        }
        let none = publish(channel, [Self.message(long)])
        #expect(none.values.count == 1, "a batch of nothing to send is answered at once")
        let empty = publish(channel, [])
        #expect(try empty.values.map { try $0.get() } == [[]])
    }

    @Test("waiting for confirms times out and late confirms are harmless")
    func waitingConfirms() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel(confirms: true)
        let long = publish(channel, [Self.message("a")], timeout: .seconds(10))
        let short = publish(channel, [Self.message("b")], timeout: .seconds(2))
        broker.advance(.milliseconds(1999))
        #expect(short.values.isEmpty)
        broker.advance(.milliseconds(1))
        #expect(short.errorCodes == [.timeout])
        #expect(long.values.isEmpty)
        try broker.say(Server.ack(1, 2, multiple: true))
        #expect(short.values.count == 1)
        #expect(try long.values.map { try $0.get() } == [[.confirmed]])
        let next = publish(channel, [Self.message("c")])
        try broker.say(Server.ack(1, 3))
        #expect(try next.values.map { try $0.get() } == [[.confirmed]])
        broker.advance(.seconds(60))
        #expect(long.values.count == 1)
    }

    @Test("losing the connection keeps the outcomes that are already known")
    func losingConnection() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel(confirms: true)
        let known = Recorder<[AMQPPublishOutcome]>()
        let long = String(repeating: "x", count: 256)
        channel.outcomes(
            publishing: [
                Self.message("a"), Self.message(long), Self.message("b"), Self.message("c"),
                Self.message("d", mandatory: true), Self.message("e"),
            ]) { known.add($0) }
        channel.outcomes(publishing: [Self.message("behind")]) { known.add($0) }
        try broker.say(
            Server.ack(1, 1), Server.nack(1, 3), Server.returned(1, exchange: "e", routingKey: "d", body: [1]),
            Server.close(0, 541, "INTERNAL_ERROR"))
        let outcomes = try #require(known.values.first)
        #expect(outcomes[0] == .confirmed)
        #expect(outcomes[1].isUnsendable)
        #expect(outcomes[2].unknownCode == .connectionClosed)
        #expect(outcomes[3] == .rejected)
        #expect(outcomes[4] == .returned(replyCode: 312, replyText: "NO_ROUTE"))
        #expect(outcomes[5].unknownCode == .connectionClosed)
        #expect(known.values.last?.map(\.unknownCode) == [.connectionClosed])
        channel.outcomes(publishing: [Self.message("after"), Self.message("the end")]) { known.add($0) }
        #expect(known.values.last?.map(\.unknownCode) == [.connectionClosed, .connectionClosed])
    }

    @Test("a timeout keeps the outcomes of messages that were confirmed")
    func timeoutKeeps() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel(confirms: true)
        let known = Recorder<[AMQPPublishOutcome]>()
        channel.outcomes(publishing: ["a", "b", "c"].map { Self.message($0) }, timeout: .seconds(1)) { known.add($0) }
        try broker.say(Server.ack(1, 2))
        broker.advance(.seconds(1))
        let outcomes = try #require(known.values.first)
        #expect(outcomes.map(\.unknownCode) == [.timeout, nil, .timeout])
        #expect(outcomes[1] == .confirmed)
        #expect(channel.isOpen)
        try broker.say(Server.ack(1, 3, multiple: true))
        #expect(known.values.count == 1)
    }

    @Test("an alarm extends the deadlines of confirms, but not forever")
    func alarmExtends() throws {
        let broker = try ScriptedBroker.open { $0.alarmTimeout = .seconds(60) }
        let channel = try broker.openChannel(confirms: true)
        let known = Recorder<[AMQPPublishOutcome]>()
        try broker.say(Server.blocked("low on memory"))
        channel.outcomes(publishing: [Self.message("a")], timeout: .seconds(5)) { known.add($0) }
        broker.advance(.seconds(64))
        #expect(known.values.isEmpty)
        broker.advance(.seconds(2))
        #expect(known.values.first?.map(\.unknownCode) == [.timeout])
    }

    @Test("confirms that waited through an alarm are not overdue when it ends")
    func confirmsWaited() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel(confirms: true)
        let known = Recorder<[AMQPPublishOutcome]>()
        try broker.say(Server.blocked("low on memory"))
        channel.outcomes(publishing: [Self.message("a")], timeout: .seconds(5)) { known.add($0) }
        broker.advance(.seconds(30))
        try broker.say(Server.unblocked)
        broker.advance(.seconds(4))
        #expect(known.values.isEmpty)
        try broker.say(Server.ack(1, 1))
        #expect(known.values == [[.confirmed]])
    }

    @Test("publishing requires confirm mode, and unconfirmed publishing requires its absence")
    func publishingRequires() throws {
        let broker = try ScriptedBroker.open()
        let plain = try broker.openChannel()
        #expect(publish(plain, [Self.message("k")]).errorCodes == [.invalidState])
        let confirming = try broker.openChannel(confirms: true)
        confirming.onLoop { core in
            #expect(throws: AMQPError.self) { try core.publishUnconfirmed([Self.message("k")]) }
        }
        #expect(broker.sent().isEmpty)
    }

    @Test("a confirm for a message that was never published closes the connection")
    func confirmMessage() throws {
        for bytes in [Server.ack(1, 2), Server.ack(1, 2, multiple: true), Server.ack(1, 0)] {
            let broker = try ScriptedBroker.open()
            let channel = try broker.openChannel(confirms: true)
            let outcomes = publish(channel, [Self.message("k")])
            try broker.say(bytes)
            #expect(broker.endReason()??.code == .protocolViolation)
            #expect(outcomes.errorCodes == [.protocolViolation])
        }
    }

    /// Under any order of single, multiple and negative confirms, each message has the outcome of the first confirm
    /// that covered it.
    @Test("random confirms give the same outcomes as a simple model")
    func randomConfirms() throws {
        for seed in 1...200 {
            var random = SeededRandom(seed: UInt64(seed))
            var tracker = ConfirmTracker<Int>()
            var expected: [Int: [AMQPPublishOutcome?]] = [:]
            var owner: [(batch: Int, place: Int)] = []
            var resolved: [Int: [AMQPPublishOutcome]] = [:]
            var batch = 0
            while batch < 40 || resolved.count < batch {
                if batch < 40, owner.count == 0 || Bool.random(using: &random) {
                    let count = Int.random(in: 1...5, using: &random)
                    // An unsent message at the front makes indices and tags differ.
                    let skipped = Bool.random(using: &random) ? 1 : 0
                    let outcomes =
                        Array(repeating: AMQPPublishOutcome.unsendable(reason: ""), count: skipped)
                        + Array(repeating: .confirmed, count: count)
                    tracker.add(
                        outcomes: outcomes, sent: Array(skipped..<(skipped + count)),
                        messages: Array(repeating: Self.message("k"), count: skipped + count), deadline: 0,
                        waiter: batch)
                    expected[batch] =
                        Array(repeating: .unsendable(reason: ""), count: skipped) + Array(repeating: nil, count: count)
                    for place in skipped..<(skipped + count) { owner.append((batch, place)) }
                    batch += 1
                }
                let tag = Int.random(in: 1...owner.count, using: &random)
                let multiple = Int.random(in: 0..<4, using: &random) == 0
                let positive = Int.random(in: 0..<3, using: &random) > 0
                for covered in (multiple ? 1 : tag)...tag {
                    let (batch, place) = owner[covered - 1]
                    if expected[batch]?[place] == nil { expected[batch]?[place] = positive ? .confirmed : .rejected }
                }
                for done in try tracker.confirm(tag: UInt64(tag), multiple: multiple, positive: positive) {
                    #expect(resolved[done.waiter] == nil, "a batch was resolved twice")
                    resolved[done.waiter] = done.outcomes
                }
                for (batch, outcomes) in expected where !outcomes.contains(nil) {
                    #expect(resolved[batch] == outcomes.map { $0! }, "seed \(seed)")
                }
            }
            #expect(tracker.isEmpty)
        }
    }
}

extension AMQPPublishOutcome {
    /// Why the outcome is unknown; nil if it is known.
    fileprivate var unknownCode: AMQPError.Code? {
        if case .unknown(let error) = self { error.code } else { nil }
    }

    fileprivate var isUnsendable: Bool {
        if case .unsendable = self { true } else { false }
    }
}

extension Recorder where Value == Result<[AMQPPublishOutcome], AMQPError> {
    var errorCodes: [AMQPError.Code] {
        values.compactMap { if case .failure(let error) = $0 { error.code } else { nil } }
    }
}
