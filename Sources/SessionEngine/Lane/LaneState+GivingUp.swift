import AMQPNIO
import NIOCore
import SessionContract
import SessionCore
import SessionCrypto
import SessionStorage

// Commands that were delivered again and again but never finished. They may be what crashes workers, so nothing is
// done for them any more, and nothing is published except to quarantine.
extension LaneState {
    /// A quorum queue counts the deliveries of a message. A classic queue only reports that it was redelivered, so they
    /// are counted in the store, which survives a crash. That is rare, and only costs a round trip then.
    mutating func countOrProcess(_ run: consuming BatchRun, now: NIODeadline, _ actions: inout [LaneAction]) {
        let items = run.batch.items
        guard items.contains(where: \.delivery.redelivered) else { return process(run, now: now, &actions) }
        let uncounted = items.indices.filter { items[$0].delivery.redelivered && !items[$0].queue.countsDeliveries }
        guard !uncounted.isEmpty else { return giveUp([:], of: run, now: now, &actions) }
        run.stage = .counting(uncounted)
        actions.append(
            .countDeliveries(
                run.id, uncounted.map { parts.reader.name(of: items[$0].delivery, in: items[$0].queue) }))
        keep(run)
    }

    mutating func counted(
        _ id: BatchID, _ counts: Result<[Int64], StoreError>, now: NIODeadline, _ actions: inout [LaneAction]
    ) {
        guard var run = takeRun(id), case .counting(let uncounted) = run.leaveStage() else {
            preconditionFailure("no batch is waiting for delivery counts")
        }
        if case .lost = phase { return drop(run, &actions) }
        switch counts {
        case .success(let counts):
            let known = zip(uncounted, counts).filter { $1 >= DeliveryReader.maxDeliveries }
            giveUp(Dictionary(uniqueKeysWithValues: known), of: run, now: now, &actions)
        // It will be redelivered if it fails again.
        case .failure: giveUp([:], of: run, now: now, &actions)
        }
    }

    /// Quarantines commands that were delivered too often, according to the store or to their queue.
    ///
    /// - Parameter counted: those that are according to the store, by their places, with their redeliveries.
    private mutating func giveUp(
        _ counted: [Int: Int64], of run: consuming BatchRun, now: NIODeadline, _ actions: inout [LaneAction]
    ) {
        let items = run.batch.items
        let givenUp = items.indices.map { counted[$0] != nil || items[$0].work.isGivenUp }
        guard givenUp.contains(true) else { return process(run, now: now, &actions) }
        let batch = backlog.split(&run.batch) { givenUp[$0] }
        let failure = Failure(.internal, "delivered \(DeliveryReader.maxDeliveries) times and never finished")
        var out = OutgoingBatch()
        for (place, item) in zip(givenUp.indices.filter { givenUp[$0] }, batch.items) {
            let message = parts.outgoing.quarantined(
                item, from: parts.name(of: item.queue), because: failure, at: parts.wallClock(),
                id: parts.decider.resultNames.next(), deliveries: counted[place].map { $0 + 1 })
            out.append(message, .quarantine(queue: parts.outgoing.names.quarantine))
            let record = parts.outgoing.audit?.record(of: item, givenUpBecause: failure, at: parts.wallClock())
            if let record { out.append(record: record) }
        }
        actions.append(.report(.givenUp(batch.count)))
        publish(batch, out, &actions)
        process(run, now: now, &actions)
    }
}

extension DeliveryReader {
    /// Identifies a delivery across redeliveries: everything that its sender provided.
    func name(of delivery: AMQPDelivery, in queue: Topology.CommandQueue) -> String {
        let properties = delivery.properties
        let given = [
            queue.rawValue, delivery.routingKey, properties.messageID ?? "", properties.correlationID ?? "",
            properties.replyTo ?? "", properties.userID ?? "",
        ]
        return hash.deliveryName(given, body: delivery.body)
    }
}
