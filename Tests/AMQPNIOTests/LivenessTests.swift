import NIOCore
import NIOEmbedded
import Testing

@testable import AMQPNIO

@Suite struct HeartbeatTests {
    @Test("an idle client sends a heartbeat in each half interval")
    func idleClient() throws {
        let broker = try ScriptedBroker.open(heartbeat: 10) { $0.heartbeat = .seconds(10) }
        for _ in 0..<3 {
            try broker.say(Wire.heartbeat)
            broker.advance(.seconds(5))
        }
        // The first half interval included the handshake.
        #expect(broker.sent().names == ["heartbeat@0", "heartbeat@0"])
    }

    @Test("a client that sends traffic needs no heartbeats")
    func clientSends() throws {
        let broker = try ScriptedBroker.open(heartbeat: 10) { $0.heartbeat = .seconds(10) }
        let channel = try broker.openChannel()
        for tag in 1...4 {
            channel.acknowledge(UInt64(tag))
            #expect(broker.sent().names == ["60.80@1"])
            try broker.say(Wire.heartbeat)
            broker.advance(.seconds(5))
        }
        #expect(broker.sent().isEmpty)
    }

    @Test("a peer is given up after two silent intervals, not before and not much later")
    func peerGiven() throws {
        let broker = try ScriptedBroker.open(heartbeat: 10) { $0.heartbeat = .seconds(10) }
        broker.advance(.seconds(12))
        try broker.say(Wire.heartbeat)
        broker.advance(.seconds(20) - .milliseconds(1))
        #expect(broker.connection.isOpen)
        broker.advance(.seconds(5))
        #expect(broker.endReason()??.code == .heartbeatMissed)
        #expect(!broker.isConnected)
    }

    @Test("any bytes from the peer count as life")
    func bytesPeer() throws {
        let broker = try ScriptedBroker.open(heartbeat: 10) { $0.heartbeat = .seconds(10) }
        // A frame that arrives in small pieces.
        let slow = Wire.heartbeat
        for byte in slow {
            try broker.say([byte])
            broker.advance(.seconds(15))
        }
        #expect(broker.connection.isOpen)
    }

    @Test("without heartbeats silence does not matter")
    func withoutHeartbeats() throws {
        let broker = try ScriptedBroker.open(heartbeat: 0)
        broker.advance(.hours(10))
        #expect(broker.connection.isOpen)
        #expect(broker.sent().isEmpty)
    }
}

@Suite struct BackPressureTests {
    @Test("the socket is not read while reading is paused, and is read afterwards")
    func socketRead() throws {
        let broker = try ScriptedBroker.open()
        let reads = Recorder<Void>()
        try broker.channel.pipeline.syncOperations.addHandler(ReadRecorder(reads), position: .first)
        broker.channel.read()
        #expect(reads.values.count == 1)
        broker.connection.pauseReading(true)
        broker.channel.read()
        broker.channel.read()
        #expect(reads.values.count == 1)
        broker.connection.pauseReading(false)
        #expect(reads.values.count == 2)
        broker.channel.read()
        #expect(reads.values.count == 3)
    }

    @Test("while reading is paused the peer is presumed alive and heartbeats are still sent")
    func whileReading() throws {
        let broker = try ScriptedBroker.open(heartbeat: 10) { $0.heartbeat = .seconds(10) }
        broker.connection.pauseReading(true)
        broker.advance(.minutes(5))
        #expect(broker.connection.isOpen)
        #expect(broker.sent().names.count >= 50)
        broker.connection.pauseReading(false)
        broker.advance(.seconds(25))
        #expect(broker.endReason()??.code == .heartbeatMissed)
    }
}

/// Observes what is read from the socket.
final class ReadRecorder: ChannelOutboundHandler {
    typealias OutboundIn = Never

    private let reads: Recorder<Void>

    init(_ reads: Recorder<Void>) {
        self.reads = reads
    }

    func read(context: ChannelHandlerContext) {
        reads.add(())
        context.read()
    }
}
