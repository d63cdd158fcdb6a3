/// The processes of this machine whose CPU time is reported.
package struct WatchedProcesses: Sendable, Equatable {
    package var workers: [Int32]
    package var broker: Int32?
    package var redis: Int32?

    package init(workers: [Int32] = [], broker: Int32? = nil, redis: Int32? = nil) {
        self.workers = workers
        self.broker = broker
        self.redis = redis
    }

    /// Fills in what was not given, from `/proc`: the broker listens on its port, Redis gives its own process id, and a worker is
    /// connected to both.
    ///
    /// - Parameter brokerPort: nil if the broker is on another machine.
    mutating func complete(brokerPort: Int?, redis information: RedisInformation?) {
        let processes = LocalProcesses()
        if broker == nil, let brokerPort { broker = processes.listener(on: brokerPort) }
        if redis == nil, let pid = information?.localProcess, CPUTime.of(process: pid) != nil,
            // The process id of a server in a container is another process's here.
            ["redis", "valkey"].contains(where: { LocalProcesses.name(of: pid)?.contains($0) == true })
        {
            redis = pid
        }
        if workers.isEmpty, let brokerPort, let redisPort = information?.port {
            workers = processes.clients(of: [brokerPort, redisPort])
        }
    }

    /// CPU seconds so far. A role without a process is absent; so is one that has lost one.
    func cpuSeconds() -> [ProcessRole: Double] {
        var seconds: [ProcessRole: Double] = [:]
        let each = workers.map { CPUTime.of(process: $0) }
        if !each.isEmpty, !each.contains(nil) { seconds[.worker] = each.compactMap(\.self).reduce(0, +) }
        seconds[.broker] = broker.flatMap { CPUTime.of(process: $0) }
        seconds[.redis] = redis.flatMap { CPUTime.of(process: $0) }
        return seconds
    }
}
