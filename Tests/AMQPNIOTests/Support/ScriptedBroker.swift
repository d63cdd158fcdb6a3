import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import AMQPNIO

/// A connection on an embedded channel whose broker is the test. Time only advances when the test says so.
final class ScriptedBroker {
    let channel: EmbeddedChannel
    let handler: ConnectionHandler
    let connection: AMQPConnection
    let blocked = Recorder<String?>()

    init(_ configure: (inout AMQPConfiguration) -> Void = { _ in }) throws {
        var configuration = AMQPConfiguration()
        configuration.username = "ann"
        configuration.password = "hunter2"
        configure(&configuration)
        channel = EmbeddedChannel()
        let loop = channel.embeddedEventLoop
        let blocked = blocked
        handler = ConnectionHandler(
            configuration: configuration, eventLoop: loop, logger: Logger(label: "test"),
            connectDeadline: loop.now + configuration.connectTimeout, onBlocked: { blocked.add($0) })
        connection = AMQPConnection(handler)
        try channel.pipeline.syncOperations.addHandler(handler)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 5672), promise: nil)
    }

    /// A connection with a completed handshake.
    static func open(
        frameMax: UInt32 = 131_072, heartbeat: UInt16 = 0, _ configure: (inout AMQPConfiguration) -> Void = { _ in }
    ) throws -> ScriptedBroker {
        let broker = try ScriptedBroker { configuration in
            configuration.heartbeat = .zero
            configure(&configuration)
        }
        _ = broker.sentBytes()
        try broker.say(Server.start())
        try broker.say(Server.tune(frameMax: frameMax, heartbeat: heartbeat))
        try broker.say(Server.openOK)
        _ = broker.sent()
        #expect(broker.connection.isOpen)
        return broker
    }

    /// Delivers bytes from the broker, in one read.
    func say(_ bytes: [UInt8]...) throws {
        try channel.writeInbound(ByteBuffer(bytes: bytes.flatMap { $0 }))
    }

    /// The broker disconnects silently.
    func hangUp() throws {
        channel.pipeline.fireChannelInactive()
        channel.embeddedEventLoop.run()
    }

    /// Whether the client has kept the socket open.
    var isConnected: Bool { channel.isActive }

    func advance(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }

    /// The writes flushed by the client since the last call, one buffer each.
    func writes() -> [ByteBuffer] {
        channel.embeddedEventLoop.run()
        var buffers: [ByteBuffer] = []
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { buffers.append(buffer) }
        return buffers
    }

    func sent() -> [ClientFrame] { writes().flatMap(ClientFrame.parse) }

    func sentBytes() -> [UInt8] { writes().flatMap { Array($0.readableBytesView) } }

    /// Why the connection ended; the outer optional is nil if it has not.
    func endReason() -> AMQPError?? {
        let reason = Recorder<AMQPError?>()
        handler.closed.futureResult.whenSuccess { reason.add($0) }
        channel.embeddedEventLoop.run()
        return reason.values.first
    }

    var hasEnded: Bool { if case .some = endReason() { true } else { false } }

    /// Whether the connection ended with an orderly close of ours.
    var hasEndedInOrder: Bool { if case .some(.none) = endReason() { true } else { false } }

    /// The error of the handshake, if it failed.
    func handshakeError() -> AMQPError? {
        let error = Recorder<any Error>()
        handler.established.futureResult.whenFailure { error.add($0) }
        channel.embeddedEventLoop.run()
        return error.values.first as? AMQPError
    }

    /// Opens channels 1, 2, … in order.
    func openChannel(confirms: Bool = false) throws -> AMQPChannel {
        let opened = Recorder<AMQPChannel>()
        AMQPConnection.openChannel(handler) { result in
            if case .success(let channel) = result { opened.add(channel) }
        }
        let id = try #require(sent().first { $0.name == "20.10" }).channel
        try say(Server.channelOpenOK(id))
        let channel = try #require(opened.values.first)
        if confirms {
            channel.onLoop { core in core.confirmSelect { _ in } }
            _ = sent()
            try say(Server.confirmSelectOK(id))
        }
        return channel
    }

    /// Starts a consumer and records its deliveries.
    func consume(_ channel: AMQPChannel, id: UInt16 = 1, tag: String = "c") throws -> ConsumerRecorder {
        let recorder = ConsumerRecorder()
        channel.onLoop { core in
            core.consume(
                queue: "q", tag: tag, noAck: false, exclusive: false, arguments: [:],
                onBatch: { recorder.batches.add($0) },
                onCancelled: { recorder.deliveriesAtCancellation.add(recorder.deliveries.count) }
            ) { recorder.answers.add($0) }
        }
        _ = sent()
        try say(Server.consumeOK(id, tag))
        return recorder
    }
}

final class ConsumerRecorder: Sendable {
    let batches = Recorder<[AMQPDelivery]>()
    /// One entry per cancellation: the number of deliveries before it.
    let deliveriesAtCancellation = Recorder<Int>()
    let answers = Recorder<Result<ServerMethod, AMQPError>>()

    var deliveries: [AMQPDelivery] { batches.values.flatMap { $0 } }
}
