import AMQPConnection
import Logging
import SessionContract
import SessionCore
import SessionCrypto
import SessionStore

// Commands that were delivered again and again, and never finished: something about them may be what keeps them from it,
// so nothing is done for them any more, and nothing published but what goes to quarantine.
extension Lane {
    /// The commands that were not delivered too often. The others are put into quarantine and acknowledged.
    ///
    /// A quorum queue says how often it has delivered a message. A classic one says only that it was not the first time:
    /// then it is counted in Redis, where it is known after a crash as well. That is rare, and costs a round trip only then.
    func withoutGivenUp(_ items: [LaneItem]) async throws -> [LaneItem] {
        guard items.contains(where: \.delivery.redelivered) else { return items }
        let uncounted = items.indices.filter { items[$0].delivery.redelivered && !items[$0].queue.countsDeliveries }
        var givenUp = Set(items.indices.filter { items[$0].work.isGivenUp })
        if !uncounted.isEmpty {
            let names = uncounted.map { parts.reader.name(of: items[$0].delivery, in: items[$0].queue) }
            do throws(StoreError) {
                let counts = try await parts.processor.store.countDeliveries(of: names)
                givenUp.formUnion(zip(uncounted, counts).filter { $1 >= DeliveryReader.maxDeliveries }.map(\.0))
            } catch {
                // It comes again if it does not go well this time either.
                logger.debug("deliveries were not counted", metadata: [LogKey.reason: "\(error.message)"])
            }
        }
        guard !givenUp.isEmpty else { return items }
        giveUp(givenUp.sorted().map { items[$0] })
        return items.indices.filter { !givenUp.contains($0) }.map { items[$0] }
    }

    private func giveUp(_ items: [LaneItem]) {
        let failure = Failure(.internal, "delivered \(DeliveryReader.maxDeliveries) times and never finished")
        logger.error(
            "commands were delivered too often and never finished: they are put into quarantine, unanswered",
            metadata: [LogKey.count: "\(items.count)"])
        let messages = items.map { item in
            outgoing.quarantined(
                item.delivery, from: queueNames[item.queue] ?? "", because: failure, at: .wallClock,
                id: parts.processor.resultNames.next())
        }
        attend {
            try await self.quarantine(messages)
            await self.acknowledge(items)
        }
    }
}

extension DeliveryReader {
    /// What a delivery is known by when it comes again: everything that its sender gave.
    func name(of delivery: AMQPDelivery, in queue: Topology.CommandQueue) -> String {
        let properties = delivery.properties
        let given = [
            queue.rawValue, delivery.routingKey, properties.messageID ?? "", properties.correlationID ?? "",
            properties.replyTo ?? "", properties.userID ?? "",
        ]
        return hash.deliveryName(given, body: delivery.body)
    }
}
