extension BenchmarkReport {
    /// The report for a person: one screen.
    package var text: String {
        var lines = [heading, circumstances, ""]
        let table = TextTable(rows: [columns] + rows)
        lines += table.lines
        lines.append("")
        lines += notes
        return lines.joined(separator: "\n")
    }

    private var heading: String {
        let pace =
            settings.rate.map { "\(Figures.grouped(Double($0))) commands per second, latency from when each was due" }
            ?? "\(settings.outstanding) commands in flight, latency is service time under that load"
        return "\(namespace) at \(broker): \(pace)"
    }

    private var circumstances: String {
        let redis = redisVersion.map { "Redis \($0), " } ?? ""
        return "\(machine.processor), \(machine.cores) cores, \(machine.system), \(redis)"
            + "\(settings.seconds) s each after \(settings.warmUpSeconds) s of warm-up"
    }

    private var columns: [String] {
        ["", "per second", "p50 ms", "p90", "p99", "p99.9", "max", "errors", "worker µs", "broker µs", "Redis µs"]
    }

    private var rows: [[String]] {
        var rows: [[String]] = []
        if echo.arrived > 0 { rows.append(row("echo", echo.total, of: echo, isWhole: true)) }
        for mix in mixes {
            let ranked = mix.measurement.ranked
            rows.append(row(mix.mix.rawValue, mix.measurement.total, of: mix.measurement, isWhole: true))
            rows.append(ratios(mix.measurement))
            guard ranked.count > 1 else { continue }
            for (command, measurement) in ranked {
                rows.append(row("  \(command.rawValue)", measurement, of: mix.measurement, isWhole: false))
            }
        }
        return rows
    }

    private func row(
        _ name: String, _ measurement: CommandMeasurement, of phase: PhaseMeasurement, isWhole: Bool
    ) -> [String] {
        let perSecond = isWhole ? phase.perSecond : Double(measurement.sent) / max(phase.seconds, 1e-9)
        let latencies = measurement.latencies
        let percentiles = [50, 90, 99, 99.9].map { Figures.significant(latencies.milliseconds(at: $0)) }
        let cpu = [ProcessRole.worker, .broker, .redis].map { role in
            isWhole ? phase.cpuMicroseconds(of: role).map { Figures.fixed($0, places: 1) } ?? "–" : ""
        }
        return [name, Figures.grouped(perSecond)] + percentiles
            + [Figures.significant(latencies.max), Figures.grouped(Double(measurement.failed + measurement.timedOut))]
            + cpu
    }

    /// Every figure of a mix, as a ratio to that of the echo.
    private func ratios(_ measurement: PhaseMeasurement) -> [String] {
        func text(_ value: Double?) -> String { value.map { "×" + Figures.fixed($0, places: 2) } ?? "" }
        let latencies = measurement.total.latencies
        let percentiles = [50, 90, 99, 99.9].map { percentile in
            text(
                timesEcho(latencies.milliseconds(at: percentile)) {
                    $0.total.latencies.milliseconds(at: percentile)
                })
        }
        let cpu = [ProcessRole.worker, .broker, .redis].map { role in
            text(
                measurement.cpuMicroseconds(of: role).flatMap { cpu in
                    role == .redis ? nil : timesEcho(cpu) { $0.cpuMicroseconds(of: role) }
                })
        }
        return ["  times the echo", text(timesEcho(measurement.perSecond) { $0.perSecond })] + percentiles
            + [text(timesEcho(latencies.max) { $0.total.latencies.max }), ""] + cpu
    }

    private var notes: [String] {
        var notes: [String] = []
        for mix in mixes {
            for (code, count) in mix.measurement.total.errors.sorted(by: { $0.key < $1.key }) {
                notes.append("\(mix.mix.rawValue): \(count) replies with \(code)")
            }
            let timedOut = mix.measurement.total.timedOut
            if timedOut > 0 { notes.append("\(mix.mix.rawValue): \(timedOut) commands without a reply in time") }
            if let reason = mix.measurement.endedEarly { notes.append("\(mix.mix.rawValue) ended early: \(reason)") }
            if let stall = stallNote(mix) { notes.append(stall) }
        }
        if let firstError { notes.append("the first error: \(firstError)") }
        notes.append(processNote)
        notes.append(cleanUpNote)
        if let problem { notes.append(problem) }
        return notes
    }

    /// What a closed loop hides, if that is much: while the pool stalls, it sends nothing that could be late.
    private func stallNote(_ mix: Mix) -> String? {
        guard let corrected = corrected(mix.measurement) else { return nil }
        let (paced, measured) = (
            corrected.milliseconds(at: 99), mix.measurement.total.latencies.milliseconds(at: 99)
        )
        guard paced > measured * 1.2 else { return nil }
        return "\(mix.mix.rawValue): clients that do not wait for each other would have had a p99 of "
            + "\(Figures.significant(paced)) ms, because the pool stalled; measure it with --rate"
    }

    private var processNote: String {
        func text(_ pids: [Int32]) -> String {
            pids.isEmpty ? "not found here" : pids.map { String($0) }.joined(separator: ", ")
        }
        return "CPU per command, of these processes: workers \(text(processes.workers)); "
            + "broker \(text(processes.broker.map { [$0] } ?? [])); Redis \(text(processes.redis.map { [$0] } ?? []))"
    }

    private var cleanUpNote: String {
        guard sessionsLeft > 0 else { return "\(sessionsCreated) sessions created, and all of them ended" }
        return "\(sessionsLeft) of \(sessionsCreated) sessions could not be ended: they expire within "
            + "\(settings.lifetimeSeconds / 60 + 1) minutes (tenant \(RunIdentity.tenant), "
            + "subjects \(identity.subjectPrefix)…)"
    }
}

/// Rows of text with aligned columns: the first to the left, the others to the right.
struct TextTable {
    let rows: [[String]]

    var lines: [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += column == 0 ? cell + padding : "  " + padding + cell
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }
}
