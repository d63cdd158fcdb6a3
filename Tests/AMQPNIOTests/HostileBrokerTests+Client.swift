import NIOCore
import Synchronization
import TestSupport

@testable import AMQPNIO

extension HostileBrokerTests {
    /// Consumes like a lane, recording and acknowledging every delivery, and has two messages waiting for confirms.
    final class Client: Sendable {
        nonisolated(unsafe) let broker: ScriptedBroker
        nonisolated(unsafe) private(set) var channel: AMQPChannel?
        let outcomes = Recorder<[AMQPPublishOutcome]>()
        private let received = Recorder<[AMQPDelivery]>()
        private let window = Mutex(AcknowledgementWindow())

        var deliveries: [AMQPDelivery] { received.values.flatMap { $0 } }

        init() throws { broker = try ScriptedBroker { $0.heartbeat = .zero } }

        /// The client's actions and the broker's messages, alternating.
        var script: [(act: () throws -> Void, answer: [UInt8])] {
            [
                ({}, Server.start()),
                ({}, Server.tune(heartbeat: 0)),
                ({}, Server.openOK),
                (openChannel, Server.channelOpenOK(1)),
                ({ self.channel?.onLoop { $0.confirmSelect { _ in } } }, Server.confirmSelectOK(1)),
                (consume, Server.consumeOK(1, "c")),
                (publish, []),
            ]
        }

        func open() throws {
            for (act, answer) in script {
                try act()
                try broker.say(answer)
            }
            _ = broker.sentBytes()
        }

        func openChannel() throws {
            AMQPConnection.openChannel(broker.handler) { result in
                if case .success(let channel) = result { self.channel = channel }
            }
        }

        func consume() throws {
            channel?.onLoop { core in
                core.consume(
                    queue: "q", tag: "c", noAck: false, exclusive: false, arguments: [:],
                    onBatch: { self.take($0) }, onCancelled: {}
                ) { _ in }
            }
        }

        func publish() throws {
            let messages = (1...2).map {
                AMQPMessage(exchange: "e", routingKey: "k", mandatory: true, body: [UInt8($0)])
            }
            channel?.outcomes(publishing: messages) { self.outcomes.add($0) }
        }

        private func take(_ deliveries: [AMQPDelivery]) {
            received.add(deliveries)
            let acknowledged = window.withLock { window -> UInt64? in
                for delivery in deliveries { window.add(delivery.deliveryTag) }
                for delivery in deliveries.reversed() { window.finish(delivery.deliveryTag) }
                return window.takeAcknowledgement()
            }
            if let acknowledged { channel?.acknowledge(acknowledged, multiple: true) }
        }
    }
}
