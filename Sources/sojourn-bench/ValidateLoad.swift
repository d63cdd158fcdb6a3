import AMQPNIO
import Histogram
import NIOCore
import SessionContract
import SessionCore

/// Sends validates with a fixed number in flight: each reply triggers the next.
actor ValidateLoad {
    private let channel: AMQPChannel
    private let exchange: String
    nonisolated private let loop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    private var bodies: [[UInt8]] = []
    private var sent: [NIODeadline] = []
    private var measured = Measured()
    private var next = 0
    private var isRunning = false
    private var looksAtAnswers = true
    private var created: CheckedContinuation<Void, Never>?
    private var awaited = 0

    init(channel: AMQPChannel, exchange: String, on loop: any EventLoop) {
        self.channel = channel
        self.exchange = exchange
        self.loop = loop
    }

    func listen() async throws {
        try await channel.consume(
            queue: "amq.rabbitmq.reply-to", noAck: true,
            onBatch: { replies in self.assumeIsolated { $0.take(replies) } })
    }

    func createSessions(_ count: Int) async throws {
        awaited = count
        let messages = (0..<count).map { number in
            command(
                "session.create", Array(#"{"subject":"bench-\#(number)","device":{"name":"bench"}}"#.utf8),
                slot: number, id: "bench-\(number)-\(UInt64.random(in: .min ... .max))")
        }
        try await channel.publishUnconfirmed(messages)
        await withCheckedContinuation { created = $0 }
    }

    /// For an echo: 170 bytes, the size of a validate.
    func usePlainBodies() {
        bodies = [[UInt8](repeating: UInt8(ascii: "x"), count: 170)]
        looksAtAnswers = false
    }

    func start(outstanding: Int) async throws {
        isRunning = true
        sent = Array(repeating: .now(), count: outstanding)
        try await channel.publishUnconfirmed((0..<outstanding).map(validate))
    }

    func stop() {
        isRunning = false
    }

    /// The measurements since the last reset.
    struct Measured: Sendable {
        /// In nanoseconds, to 3 digits, up to a minute.
        var latencies = Histogram<UInt64>(highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)
        /// Replies other than the expected one.
        var failures = 0
    }

    /// Returns the measurements since the last reset, and starts again.
    @discardableResult
    func reset() -> Measured {
        defer { measured = Measured() }
        return measured
    }

    private func take(_ replies: [AMQPDelivery]) {
        if awaited > 0 { return takeCreated(replies) }
        let now = NIODeadline.now()
        var messages: [AMQPMessage] = []
        for reply in replies {
            guard let slot = reply.properties.correlationID.flatMap({ Int($0) }) else { continue }
            measured.latencies.record(UInt64((now - sent[slot]).nanoseconds))
            if looksAtAnswers, !reply.body.contains(Self.valid) { measured.failures += 1 }
            if isRunning { messages.append(validate(slot)) }
        }
        channel.publishAndForget(messages)
    }

    private static let valid = Array(#""valid":true"#.utf8)

    private func takeCreated(_ replies: [AMQPDelivery]) {
        for reply in replies {
            guard case .object(let result) = try? JSONReader.read(reply.body), case .object(let data) = result["data"],
                case .object(let tokens) = data["tokens"], case .string(let token) = tokens["session"]
            else { preconditionFailure("session.create was answered: \(String(decoding: reply.body, as: UTF8.self))") }
            bodies.append(Array(#"{"token":"\#(token)"}"#.utf8))
            awaited -= 1
        }
        if awaited == 0 { created?.resume() }
    }

    private func validate(_ slot: Int) -> AMQPMessage {
        sent[slot] = .now()
        next = (next + 1) % bodies.count
        return command("session.validate", bodies[next], slot: slot, id: nil)
    }

    private func command(_ name: String, _ body: [UInt8], slot: Int, id: String?) -> AMQPMessage {
        AMQPMessage(
            exchange: exchange, routingKey: name,
            properties: AMQPProperties(
                contentType: "application/json", correlationID: String(slot), replyTo: "amq.rabbitmq.reply-to",
                messageID: id),
            body: body)
    }
}

extension [UInt8] {
    fileprivate func contains(_ needle: [UInt8]) -> Bool {
        indices.dropLast(needle.count - 1).contains { self[$0...].starts(with: needle) }
    }
}
