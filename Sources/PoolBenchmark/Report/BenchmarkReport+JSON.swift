import SessionContract
import SessionCore

extension BenchmarkReport {
    /// The report for a program, as `docs/bench-report.schema.json` describes it. Latencies are in milliseconds, CPU times in
    /// microseconds per command.
    ///
    /// - Parameter version: of Sojourn.
    package func json(version: String) -> [UInt8] {
        JSONWriter.object(capacity: 16 << 10) { json in
            json.member("version", 1)
            json.member("endedAt", endedAt)
            json.member("interrupted", isInterrupted)
            json.member("problem", problem)
            json.member("firstError", firstError)
            json.object("versions") { json in
                json.member("sojourn", version)
                json.member("redis", redisVersion)
            }
            json.object("machine") { json in
                json.member("processor", machine.processor)
                json.member("cores", machine.cores)
                json.member("memoryBytes", machine.memoryBytes)
                json.member("system", machine.system)
            }
            json.object("target") { json in
                json.member("namespace", namespace)
                json.member("broker", broker)
            }
            json.object("settings") { json in write(settings, to: &json) }
            json.object("processes") { json in
                json.array("workers") { json in for pid in processes.workers { json.integer(Int64(pid)) } }
                json.member("broker", processes.broker.map { Int($0) })
                json.member("redis", processes.redis.map { Int($0) })
            }
            json.object("sessions") { json in
                json.member("tenant", RunIdentity.tenant)
                json.member("subjectPrefix", identity.subjectPrefix)
                json.member("created", sessionsCreated)
                json.member("left", sessionsLeft)
            }
            if echo.arrived > 0 { json.object("echo") { json in write(echo, isEcho: true, to: &json) } }
            json.array("mixes") { json in
                for mix in mixes {
                    json.object { json in
                        json.member("name", mix.mix.rawValue)
                        write(mix.measurement, isEcho: false, to: &json)
                    }
                }
            }
        }
    }

    private func write(_ settings: BenchmarkSettings, to json: inout JSONWriter) {
        json.member("mixes", settings.mixes.map(\.rawValue))
        json.member("outstanding", settings.outstanding)
        json.member("rate", settings.rate)
        json.member("seconds", settings.seconds)
        json.member("warmUpSeconds", settings.warmUpSeconds)
        json.member("sessions", settings.sessionsToPrepare)
        json.member("maxSessions", settings.maxSessions)
        json.member("timeoutSeconds", settings.timeoutSeconds)
    }

    private func write(_ measurement: PhaseMeasurement, isEcho: Bool, to json: inout JSONWriter) {
        json.member("seconds", decimal: measurement.seconds, places: 3)
        json.member("endedEarly", measurement.endedEarly)
        json.member("perSecond", decimal: measurement.perSecond, places: 1)
        json.member("unsent", measurement.unsent)
        json.object("cpuMicroseconds") { json in
            for (role, key) in Self.roles {
                guard let cpu = measurement.cpuMicroseconds(of: role) else { continue }
                json.member(key, decimal: cpu, places: 2)
            }
        }
        if !isEcho { json.object("timesEcho") { json in writeRatios(measurement, to: &json) } }
        let total = measurement.total
        json.object("total") { json in
            write(total, to: &json)
            if let corrected = corrected(measurement) {
                json.object("evenlyPaced") { json in write(corrected, to: &json) }
            }
        }
        json.object("commands") { json in
            for (command, measurement) in measurement.ranked {
                json.key(text: command.rawValue)
                json.object { json in write(measurement, to: &json) }
            }
        }
        json.array("overTime") { json in
            for point in measurement.points {
                json.object { json in
                    json.member("second", decimal: point.second, places: 2)
                    json.member("perSecond", decimal: point.perSecond, places: 1)
                    if let p50 = point.p50 { json.member("p50", decimal: p50, places: 3) }
                    if let p99 = point.p99 { json.member("p99", decimal: p99, places: 3) }
                }
            }
        }
    }

    private static let roles: [(ProcessRole, StaticString)] = [
        (.worker, "worker"), (.broker, "broker"), (.redis, "redis"), (.client, "client"),
    ]

    private func writeRatios(_ measurement: PhaseMeasurement, to json: inout JSONWriter) {
        let latencies = measurement.total.latencies
        func member(_ key: StaticString, _ ratio: Double?) {
            if let ratio { json.member(key, decimal: ratio, places: 3) }
        }
        member("perSecond", timesEcho(measurement.perSecond) { $0.perSecond })
        member("p50", timesEcho(latencies.milliseconds(at: 50)) { $0.total.latencies.milliseconds(at: 50) })
        member("p99", timesEcho(latencies.milliseconds(at: 99)) { $0.total.latencies.milliseconds(at: 99) })
        member("workerCpu", cpuRatio(of: .worker, measurement))
        member("brokerCpu", cpuRatio(of: .broker, measurement))
    }

    private func cpuRatio(of role: ProcessRole, _ measurement: PhaseMeasurement) -> Double? {
        measurement.cpuMicroseconds(of: role).flatMap { cpu in timesEcho(cpu) { $0.cpuMicroseconds(of: role) } }
    }

    private func write(_ measurement: CommandMeasurement, to json: inout JSONWriter) {
        json.member("sent", measurement.sent)
        json.member("succeeded", measurement.succeeded)
        json.member("timedOut", measurement.timedOut)
        json.object("errors") { json in
            for (code, count) in measurement.errors.sorted(by: { $0.key < $1.key }) {
                json.key(text: code)
                json.integer(Int64(count))
            }
        }
        json.object("latency") { json in write(measurement.latencies, to: &json) }
    }

    private func write(_ latencies: Latencies, to json: inout JSONWriter) {
        json.member("mean", decimal: latencies.mean, places: 3)
        for (percentile, key) in Self.percentiles {
            json.member(key, decimal: latencies.milliseconds(at: percentile), places: 3)
        }
        json.member("max", decimal: latencies.max, places: 3)
    }

    private static let percentiles: [(Double, StaticString)] = [
        (50, "p50"), (90, "p90"), (99, "p99"), (99.9, "p999"), (99.99, "p9999"),
    ]
}

extension JSONWriter {
    /// A number with this many decimal places.
    fileprivate mutating func member(_ key: StaticString, decimal value: Double, places: Int) {
        member(key, JSONValue.decimal(Figures.fixed(value, places: places)))
    }
}
