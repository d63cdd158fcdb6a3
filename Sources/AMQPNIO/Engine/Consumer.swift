/// A consumer on a channel; collects its deliveries from one socket read.
final class Consumer {
    let tag: String
    /// Whether its deliveries count as acknowledged when sent.
    let noAck: Bool
    private let onBatch: @Sendable ([AMQPDelivery]) -> Void
    let onCancelled: @Sendable () -> Void
    private var pending: [AMQPDelivery] = []
    /// The size of the last batch, used to reserve space for the next.
    private var lastCount = 0

    init(
        tag: String, noAck: Bool, onBatch: @escaping @Sendable ([AMQPDelivery]) -> Void,
        onCancelled: @escaping @Sendable () -> Void
    ) {
        self.tag = tag
        self.noAck = noAck
        self.onBatch = onBatch
        self.onCancelled = onCancelled
    }

    /// Adds a delivery. Returns whether it is the first of a batch, so that the consumer must be registered for the end
    /// of the read.
    func add(_ delivery: AMQPDelivery) -> Bool {
        if pending.isEmpty { pending.reserveCapacity(lastCount) }
        pending.append(delivery)
        if pending.count >= AMQPLimits.deliveryBatch {
            handOver()
            return false
        }
        return pending.count == 1
    }

    func handOver() {
        guard !pending.isEmpty else { return }
        let batch = pending
        pending = []
        lastCount = batch.count
        onBatch(batch)
    }
}
