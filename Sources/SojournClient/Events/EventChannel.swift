import AMQPNIO
import NIOCore

/// Opens channels on which the events of a subscription arrive.
struct EventChannel: Sendable {
    /// Events that RabbitMQ sends ahead of acknowledgements.
    private static let prefetch: UInt16 = 256

    /// The exchange of events (contract §1).
    let exchange: String
    let patterns: [String]
    let queue: EventQueue

    /// A channel on which events arrive.
    struct Opened: Sendable {
        let channel: AMQPChannel
        private let queueName: String

        fileprivate init(_ channel: AMQPChannel, queueName: String) {
            self.channel = channel
            self.queueName = queueName
        }

        /// What the broker says of the queue.
        func queueStatus() async throws(SojournError) -> EventQueueStatus {
            do throws(AMQPError) {
                let declared = try await channel.queueDeclare(queueName, passive: true)
                return EventQueueStatus(waiting: Int(declared.messageCount), readers: Int(declared.consumerCount))
            } catch {
                throw SojournError(error)
            }
        }
    }

    /// What to do with what arrives, on the channel's event loop.
    struct Receiver: Sendable {
        /// Before the first delivery.
        let onLive: @Sendable (_ backlog: Int, _ isNewQueue: Bool) -> Void
        /// Once, when there will be no more.
        let onEnd: @Sendable (SojournError) -> Void
        let onDeliveries: @Sendable (AMQPChannel, [AMQPDelivery]) -> Void
    }

    /// Declares the queue, binds it, and consumes.
    ///
    /// - Returns: a channel that ends when its connection does, or when the queue is deleted.
    func open(over connection: AMQPConnection, _ receiver: Receiver) async throws(SojournError) -> Opened {
        let isNew = try await isNewQueue(over: connection)
        do throws(AMQPError) {
            let channel = try await connection.openChannel()
            do throws(AMQPError) { return try await consume(on: channel, isNew, receiver) } catch {
                await channel.close()
                throw error
            }
        } catch {
            throw Self.failure(error, of: queue)
        }
    }

    private func consume(
        on channel: AMQPChannel, _ isNew: Bool, _ receiver: Receiver
    ) async throws(AMQPError) -> Opened {
        try await channel.qos(prefetch: Self.prefetch)
        let declared = try await declare(on: channel)
        for pattern in patterns {
            try await channel.queueBind(declared.name, exchange: exchange, routingKey: pattern)
        }
        let backlog = Int(declared.messageCount)
        // Also if consuming fails.
        channel.closeFuture.whenSuccess { error in
            receiver.onEnd(error.map { SojournError($0) } ?? SojournError(.queueLost, "the queue was deleted"))
        }
        try? await channel.eventLoop.submit { receiver.onLive(backlog, isNew) }.get()
        try await channel.consume(
            queue: declared.name,
            onBatch: { [weak channel] in
                guard let channel else { return }
                receiver.onDeliveries(channel, $0)
            },
            onCancelled: { [weak channel] in
                guard let channel else { return }
                Task { await channel.close() }
            })
        return Opened(channel, queueName: declared.name)
    }

    private func declare(on channel: AMQPChannel) async throws(AMQPError) -> AMQPChannel.Queue {
        switch queue.kind {
        case .temporary:
            try await channel.queueDeclare(
                "", durable: false, exclusive: true, autoDelete: true,
                arguments: AMQPTable([
                    AMQPTable.Entry("x-max-length", .int64(Int64(EventQueue.temporaryLimit))),
                    AMQPTable.Entry("x-overflow", "drop-head"),
                ]))
        case .durable(let name, let expiresAfter, let limit):
            try await channel.queueDeclare(
                name,
                arguments: AMQPTable([
                    AMQPTable.Entry("x-queue-type", "quorum"),
                    AMQPTable.Entry("x-expires", .int64(expiresAfter.components.seconds * 1000)),
                    AMQPTable.Entry("x-max-length", .int64(Int64(limit))),
                    AMQPTable.Entry("x-overflow", "reject-publish"),
                ]))
        }
    }

    /// Whether there is no such queue yet, so that nothing was kept until now. RabbitMQ answers with the end of the channel.
    private func isNewQueue(over connection: AMQPConnection) async throws(SojournError) -> Bool {
        guard case .durable(let name, _, _) = queue.kind else { return true }
        do throws(AMQPError) {
            let channel = try await connection.openChannel()
            _ = try await channel.queueDeclare(name, passive: true)
            await channel.close()
            return false
        } catch {
            guard error.code == .notFound, !error.isAboutAbsentNode else { throw Self.failure(error, of: queue) }
            return true
        }
    }

    private static func failure(_ error: AMQPError, of queue: EventQueue) -> SojournError {
        guard error.code == .preconditionFailed else { return SojournError(error) }
        return SojournError(
            .invalidConfiguration, "the event queue exists with other settings; delete it, or use another name")
    }
}

/// What the broker says of a subscription's queue.
package struct EventQueueStatus: Sendable {
    /// Events that wait, without those that are on their way.
    package let waiting: Int
    /// Subscriptions to it, this one included.
    package let readers: Int
}
