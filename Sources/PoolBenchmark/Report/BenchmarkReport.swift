package import SessionCore

/// What a run measured, and under which circumstances.
package struct BenchmarkReport: Sendable {
    /// What was measured of one mix.
    package struct Mix: Sendable {
        package let mix: CommandMix
        package let measurement: PhaseMeasurement
    }

    package let namespace: String
    /// Host and port.
    package let broker: String
    package let settings: BenchmarkSettings
    package let identity: RunIdentity
    package let machine: MachineDescription
    package let processes: WatchedProcesses
    package let redisVersion: String?
    package let endedAt: Timestamp
    package let echo: PhaseMeasurement
    package let mixes: [Mix]
    package let sessionsCreated: Int
    /// Sessions that could not be revoked, and expire.
    package let sessionsLeft: Int
    package let isInterrupted: Bool
    package let firstError: String?
    /// Why the run ended early, other than by an interruption.
    package let problem: String?

    init(
        namespace: String, broker: String, settings: BenchmarkSettings, identity: RunIdentity,
        machine: MachineDescription = .current(), processes: WatchedProcesses, redisVersion: String?,
        endedAt: Timestamp, run: MeasuredRun
    ) {
        self.namespace = namespace
        self.broker = broker
        self.settings = settings
        self.identity = identity
        self.machine = machine
        self.processes = processes
        self.redisVersion = redisVersion
        self.endedAt = endedAt
        echo = run.echo
        mixes = run.mixes.map { Mix(mix: $0.mix, measurement: $0.measurement) }
        sessionsCreated = run.sessionsCreated
        sessionsLeft = run.sessionsLeft
        isInterrupted = run.isInterrupted
        firstError = run.firstError
        problem = run.problem
    }

    /// Whether every mix was measured, and every command succeeded.
    package var everythingSucceeded: Bool {
        mixes.count == settings.mixes.count
            && mixes.allSatisfy { $0.measurement.commands.values.allSatisfy { $0.succeeded == $0.sent } }
    }

    /// The echo's value, if it was measured, to divide others by.
    func timesEcho(_ value: Double, _ ofEcho: (PhaseMeasurement) -> Double?) -> Double? {
        guard echo.arrived > 0, let base = ofEcho(echo), base > 0 else { return nil }
        return value / base
    }

    /// The latencies that evenly paced clients would have seen; nil in an open loop, which measures those already.
    func corrected(_ measurement: PhaseMeasurement) -> Latencies? {
        guard settings.rate == nil, measurement.perSecond > 0 else { return nil }
        let interval = Double(settings.outstanding) / measurement.perSecond * 1e9
        return measurement.total.latencies.corrected(expectedInterval: UInt64(interval))
    }
}

extension PhaseMeasurement {
    /// The measured commands, the most frequent first.
    var ranked: [(command: MeasuredCommand, measurement: CommandMeasurement)] {
        commands.map { ($0.key, $0.value) }.sorted {
            ($0.1.sent, $1.0.rawValue) > ($1.1.sent, $0.0.rawValue)
        }
    }
}
