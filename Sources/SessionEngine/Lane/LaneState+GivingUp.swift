import AMQPNIO
import NIOCore
import SessionContract
import SessionCore
import SessionCrypto
import SessionStorage

// Commands that were delivered again and again, and never finished: something about them may be what keeps them from it,
// so nothing is done for them any more, and nothing published but what goes to quarantine.
extension LaneState {
    /// A quorum queue says how often it has delivered a message. A classic one says only that it was not the first time:
    /// then it is counted in the store, where it is known after a crash as well. That is rare, and costs a round trip only
    /// then.
    mutating func countOrProcess(_ run: consuming BatchRun, now: NIODeadline, _ actions: inout [LaneAction]) {
        let items = run.batch.items
        guard items.contains(where: \.delivery.redelivered) else { return process(run, now: now, &actions) }
        let uncounted = items.indices.filter { items[$0].delivery.redelivered && !items[$0].queue.countsDeliveries }
        guard !uncounted.isEmpty else { return giveUp([], of: run, now: now, &actions) }
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
            preconditionFailure("deliveries are counted of a batch that waits for it")
        }
        if case .lost = phase { return drop(run, &actions) }
        switch counts {
        case .success(let counts):
            let places = zip(uncounted, counts).filter { $1 >= DeliveryReader.maxDeliveries }.map(\.0)
            giveUp(Set(places), of: run, now: now, &actions)
        // It comes again if it does not go well this time either.
        case .failure: giveUp([], of: run, now: now, &actions)
        }
    }

    /// Puts commands into quarantine: those that the store has counted too often, and those whose queue has.
    private mutating func giveUp(
        _ counted: Set<Int>, of run: consuming BatchRun, now: NIODeadline, _ actions: inout [LaneAction]
    ) {
        let items = run.batch.items
        let givenUp = items.indices.map { counted.contains($0) || items[$0].work.isGivenUp }
        guard givenUp.contains(true) else { return process(run, now: now, &actions) }
        let batch = backlog.split(&run.batch) { givenUp[$0] }
        let failure = Failure(.internal, "delivered \(DeliveryReader.maxDeliveries) times and never finished")
        var out = OutgoingBatch()
        for item in batch.items {
            out.append(
                parts.outgoing.quarantined(
                    item.delivery, from: parts.name(of: item.queue), because: failure, at: parts.wallClock(),
                    id: parts.decider.resultNames.next()), .quarantine)
        }
        actions.append(.report(.givenUp(batch.count)))
        publish(batch, out, &actions)
        process(run, now: now, &actions)
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
