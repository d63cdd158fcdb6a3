extension WorkerStatus {
    /// After this many seconds, an event in the outbox or a deadline is late: a crashed worker's work is taken over sooner.
    static let lateSeconds: Double = 60

    /// What an operator should look at, as sentences; empty if all is well.
    package var concerns: [String] {
        var concerns: [String] = []
        if !health.isAlive {
            let parts =
                health.stuck.isEmpty ? "its lanes have ended" : "\(health.stuck.joined(separator: ", ")) do not respond"
            concerns.append("the worker is not alive: \(parts); restart it")
        }
        if health.status != "ready" { concerns.append("the worker is \(health.status)") }
        concerns += health.reasons.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        if blockedConnections > 0 {
            concerns.append("RabbitMQ blocks publishing (a memory or disk alarm): results and events wait")
        }
        concerns += invalidSources.map { "the \($0) cannot be used; what was valid last stays in force" }
        for queue in queues where !queue.isQuarantine && queue.consumers == 0 {
            concerns.append("nobody consumes from \(queue.queue)")
        }
        if let age = outbox.oldestEventSeconds, age > Self.lateSeconds {
            concerns.append(
                "the oldest event in the outbox has waited for \(Int(age)) s: does a consumer's queue refuse it?")
        }
        if let lag = expiryLagSeconds, lag > Self.lateSeconds {
            concerns.append("sessions expire \(Int(lag)) s late")
        }
        return concerns
    }
}
