import NIOCore
import NIOEmbedded
import Testing

@testable import AMQPNIO

@Suite struct LifecycleTests {
    @Test("blocked and unblocked are reported, with the reason")
    func blockedUnblocked() throws {
        let broker = try ScriptedBroker.open()
        try broker.say(Server.blocked("low on memory"))
        #expect(broker.connection.isBlocked)
        try broker.say(Server.unblocked)
        #expect(!broker.connection.isBlocked)
        #expect(broker.blocked.values == ["low on memory", nil])
    }

    @Test("a connection closed by the broker reports its reason to all callers")
    func connectionClosed() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel(confirms: true)
        let outcomes = Recorder<Result<[AMQPPublishOutcome], AMQPError>>()
        channel.publish([AMQPMessage(exchange: "", routingKey: "q", body: [])]) { outcomes.add($0) }
        let ends = Recorder<AMQPError?>()
        channel.closeFuture.whenSuccess { ends.add($0) }
        _ = broker.sent()
        try broker.say(Server.close(0, 320, "CONNECTION_FORCED - broker forced connection closure"))
        #expect(broker.sent().names == ["10.51@0"])
        let reason = try #require(broker.endReason() ?? nil)
        #expect(reason.code == .connectionClosed)
        #expect(reason.replyCode == 320)
        #expect(reason.replyText == "CONNECTION_FORCED - broker forced connection closure")
        #expect(outcomes.errorCodes == [.connectionClosed])
        #expect(ends.values.map { $0?.replyCode } == [320])
        #expect(!channel.isOpen)
    }

    @Test("closing waits for close-ok and reports no error")
    func closingWaits() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        broker.handler.close()
        #expect(!broker.connection.isOpen)
        #expect(broker.sent().names == ["10.50@0"])
        #expect(!broker.hasEnded)
        // Sent by the broker before it read our close.
        try broker.say(Server.delivery(1, "c", tag: 1, body: [1]))
        try broker.say(Server.connectionCloseOK)
        #expect(broker.hasEndedInOrder)
        #expect(!broker.isConnected)
        #expect(!channel.isOpen)
    }

    @Test("closing does not wait forever")
    func closingWait() throws {
        let broker = try ScriptedBroker.open { $0.closeTimeout = .seconds(3) }
        broker.handler.close()
        broker.advance(.seconds(3))
        #expect(broker.hasEndedInOrder)
        #expect(!broker.isConnected)
    }

    /// A broker under an alarm reads nothing from a connection that has published, not even `connection.close`.
    @Test("closing does not wait for the end of an alarm")
    func closingWaitEnd() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel(confirms: true)
        let outcomes = Recorder<[AMQPPublishOutcome]>()
        try broker.say(Server.blocked("low on memory"))
        channel.outcomes(publishing: [AMQPMessage(exchange: "", routingKey: "q", body: [])]) { outcomes.add($0) }
        broker.handler.close()
        broker.advance(.seconds(2))
        #expect(broker.hasEndedInOrder)
        #expect(!broker.isConnected)
        #expect(outcomes.values.count == 1)
    }

    @Test("closing does not wait for a peer that reads nothing")
    func closingWaitPeer() throws {
        let broker = try ScriptedBroker.open()
        broker.connection.pauseReading(true)
        broker.channel.read()
        let reads = Recorder<Void>()
        try broker.channel.pipeline.syncOperations.addHandler(ReadRecorder(reads), position: .first)
        broker.handler.close()
        #expect(reads.values.count == 1)
    }

    @Test("both sides may close at once")
    func bothSides() throws {
        let broker = try ScriptedBroker.open()
        broker.handler.close()
        _ = broker.sent()
        try broker.say(Server.close(0, 320, "CONNECTION_FORCED"), Server.connectionCloseOK)
        #expect(broker.sent().names == ["10.51@0"])
        #expect(broker.hasEndedInOrder)
    }

    @Test("a broker that hangs up fails the pending calls")
    func brokerHangs() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        let answers = Recorder<Result<ServerMethod, AMQPError>>()
        channel.onLoop { core in core.call(.qos(prefetch: 1), expects: .qos) { answers.add($0) } }
        try broker.hangUp()
        #expect(answers.errorCodes == [.connectionClosed])
        #expect(broker.endReason()??.code == .connectionClosed)
    }

    @Test("deliveries received together with the end are delivered before it")
    func deliveriesReceived() throws {
        let broker = try ScriptedBroker.open()
        let recorder = try broker.consume(try broker.openChannel())
        try broker.say(Server.delivery(1, "c", tag: 1, body: [1]), Server.close(0, 320, "CONNECTION_FORCED"))
        #expect(recorder.deliveries.count == 1)
    }
}

@Suite struct ChannelTests {
    @Test("calls are sent one at a time, in order")
    func callsSent() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        let answers = Recorder<Result<ServerMethod, AMQPError>>()
        channel.onLoop { core in
            core.call(.qos(prefetch: 5), expects: .qos) { answers.add($0) }
            core.call(
                .topology(
                    .queueDeclare(
                        name: "q", passive: false, durable: true, exclusive: false, autoDelete: false, arguments: [:])),
                expects: .queueDeclare
            ) { answers.add($0) }
        }
        #expect(broker.sent().names == ["60.10@1"])
        try broker.say(Server.qosOK(1))
        #expect(broker.sent().names == ["50.10@1"])
        try broker.say(Server.queueDeclareOK(1, "q", messages: 3, consumers: 2))
        #expect(
            answers.values.map { try? $0.get() } == [
                .qosOK, .queueDeclareOK(name: "q", messageCount: 3, consumerCount: 2),
            ])
    }

    @Test(
        "a channel exception fails the call with the broker's words and ends only that channel",
        arguments: [
            (UInt16(404), "NOT_FOUND - no queue 'q' in vhost '/'", AMQPError.Code.notFound),
            (406, "PRECONDITION_FAILED - inequivalent arg 'durable'", .preconditionFailed),
            (403, "ACCESS_REFUSED - access refused", .accessRefused), (405, "RESOURCE_LOCKED", .resourceLocked),
            (541, "INTERNAL_ERROR", .channelClosed),
        ])
    func channelException(
        code: UInt16, text: String, expected: AMQPError.Code
    ) throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        let other = try broker.openChannel()
        let answers = Recorder<Result<ServerMethod, AMQPError>>()
        channel.onLoop { core in
            core.call(.topology(.queuePurge(name: "q")), expects: .queuePurge) { answers.add($0) }
            core.call(.qos(prefetch: 1), expects: .qos) { answers.add($0) }
        }
        _ = broker.sent()
        try broker.say(Server.close(1, code, text))
        #expect(broker.sent().names == ["20.41@1"])
        #expect(answers.errorCodes == [expected, expected])
        guard case .failure(let error) = try #require(answers.values.first) else { return }
        #expect(error.replyText == text)
        #expect(error.replyCode == code)
        #expect(!channel.isOpen)
        #expect(other.isOpen)
        #expect(broker.connection.isOpen)
        // Its tags ended with it: an acknowledgement now would concern another channel's delivery.
        channel.acknowledge(1)
        #expect(broker.sent().isEmpty)
        let third = try broker.openChannel()
        #expect(third.isOpen)
    }

    @Test("a call without an answer times out and ends its channel")
    func callWithout() throws {
        let broker = try ScriptedBroker.open { $0.rpcTimeout = .seconds(3) }
        let channel = try broker.openChannel()
        let answers = Recorder<Result<ServerMethod, AMQPError>>()
        channel.onLoop { core in core.call(.qos(prefetch: 1), expects: .qos) { answers.add($0) } }
        _ = broker.sent()
        broker.advance(.seconds(3))
        #expect(answers.errorCodes == [.timeout])
        #expect(broker.sent().names == ["20.40@1"])
        // The late answer arrives at a closing channel and is dropped.
        try broker.say(Server.qosOK(1), Server.channelCloseOK(1))
        #expect(broker.connection.isOpen)
        #expect(!channel.isOpen)
    }

    @Test("an orderly close sends close and drops everything before close-ok")
    func orderlyClose() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        let recorder = try broker.consume(channel)
        let ends = Recorder<AMQPError?>()
        channel.closeFuture.whenSuccess { ends.add($0) }
        channel.onLoop { $0.close() }
        #expect(broker.sent().names == ["20.40@1"])
        try broker.say(Server.delivery(1, "c", tag: 1, body: [1]))
        #expect(ends.values.isEmpty)
        try broker.say(Server.channelCloseOK(1))
        #expect(ends.values.map { $0?.code } == [nil])
        #expect(recorder.deliveries.isEmpty)
        #expect(recorder.deliveriesAtCancellation.values.isEmpty)
        #expect(broker.connection.isOpen)
    }

    @Test("no more channels are opened than were negotiated")
    func moreChannels() throws {
        let broker = try ScriptedBroker.open { $0.channelMax = 2 }
        _ = try broker.openChannel()
        _ = try broker.openChannel()
        let results = Recorder<AMQPError.Code?>()
        AMQPConnection.openChannel(broker.handler) { result in
            if case .failure(let error) = result { results.add(error.code) }
        }
        #expect(results.values == [.invalidState])
    }

    @Test("the number of queued calls is bounded")
    func numberQueued() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        let answers = Recorder<Result<ServerMethod, AMQPError>>()
        channel.onLoop { core in
            for _ in 0..<1100 { core.call(.qos(prefetch: 1), expects: .qos) { answers.add($0) } }
        }
        #expect(answers.errorCodes.count == 1100 - 1024 - 1)
        #expect(Set(answers.errorCodes) == [.invalidState])
    }

    @Test("a call that cannot be encoded fails alone")
    func callCannot() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        let answers = Recorder<Result<ServerMethod, AMQPError>>()
        channel.onLoop { core in
            core.call(.topology(.queuePurge(name: String(repeating: "q", count: 256))), expects: .queuePurge) {
                answers.add($0)
            }
            core.call(.qos(prefetch: 1), expects: .qos) { answers.add($0) }
        }
        #expect(answers.errorCodes == [.invalidMessage])
        #expect(broker.sent().names == ["60.10@1"])
        #expect(channel.isOpen)
    }
}

@Suite struct ConsumerTests {
    @Test("a delivery that arrives before consume-ok is not lost")
    func deliveryArrives() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        let batches = Recorder<[AMQPDelivery]>()
        channel.onLoop { core in
            core.consume(
                queue: "q", tag: "", noAck: false, exclusive: false, arguments: [:], onBatch: { batches.add($0) },
                onCancelled: {}
            ) { _ in }
        }
        _ = broker.sent()
        try broker.say(Server.delivery(1, "consumer-1", tag: 1, body: [1]))
        try broker.say(Server.consumeOK(1, "consumer-1"))
        #expect(batches.values.flatMap { $0 }.map(\.body) == [[1]])
    }

    @Test("a cancellation by the broker is reported once, after the deliveries before it")
    func cancellationBroker() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        let recorder = try broker.consume(channel)
        try broker.say(Server.delivery(1, "c", tag: 1, body: [1]), Server.cancel(1, "c"))
        #expect(recorder.deliveries.count == 1)
        #expect(recorder.deliveriesAtCancellation.values == [1])
        #expect(channel.isOpen)
        // The tag can be used again.
        _ = try broker.consume(channel)
        #expect(recorder.deliveriesAtCancellation.values == [1])
    }

    @Test("deliveries before cancel-ok are delivered before cancel returns")
    func deliveriesBefore() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        let recorder = try broker.consume(channel)
        let seen = Recorder<Int>()
        channel.onLoop { core in core.cancel(tag: "c") { _ in seen.add(recorder.deliveries.count) } }
        _ = broker.sent()
        try broker.say(Server.delivery(1, "c", tag: 1, body: [1]), Server.cancelOK(1, "c"))
        #expect(seen.values == [1])
        #expect(recorder.deliveriesAtCancellation.values.isEmpty)
    }

    @Test("each consumer of a channel gets its own deliveries")
    func consumerChannel() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        let one = try broker.consume(channel, tag: "one")
        let two = try broker.consume(channel, tag: "two")
        try broker.say((1...6).flatMap { Server.delivery(1, $0.isMultiple(of: 2) ? "two" : "one", tag: $0, body: []) })
        #expect(one.deliveries.map(\.deliveryTag) == [1, 3, 5])
        #expect(two.deliveries.map(\.deliveryTag) == [2, 4, 6])
    }

    @Test("a consumer tag in use is rejected without asking the broker")
    func consumerTag() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        _ = try broker.consume(channel)
        let answers = Recorder<Result<ServerMethod, AMQPError>>()
        channel.onLoop { core in
            core.consume(
                queue: "q", tag: "c", noAck: false, exclusive: false, arguments: [:], onBatch: { _ in }, onCancelled: {}
            ) { answers.add($0) }
        }
        #expect(answers.errorCodes == [.invalidState])
        #expect(broker.sent().isEmpty)
    }

    @Test("a consumer may close its connection from within a batch")
    func consumerMay() throws {
        let broker = try ScriptedBroker.open()
        let channel = try broker.openChannel()
        let handler = NIOLoopBound(broker.handler, eventLoop: broker.handler.eventLoop)
        channel.onLoop { core in
            core.consume(
                queue: "q", tag: "c", noAck: false, exclusive: false, arguments: [:],
                onBatch: { _ in handler.value.fail(AMQPError(.connectionClosed, "enough")) }, onCancelled: {}
            ) { _ in }
        }
        try broker.say((1...600).flatMap { Server.delivery(1, "c", tag: $0, body: []) })
        #expect(broker.endReason()??.message == "enough")
    }
}

extension Recorder where Value == Result<ServerMethod, AMQPError> {
    var errorCodes: [AMQPError.Code] {
        values.compactMap { if case .failure(let error) = $0 { error.code } else { nil } }
    }
}
