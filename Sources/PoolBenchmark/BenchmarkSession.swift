import AMQPNIO
import Glibc
import SojournClient

/// What a run has measured.
struct MeasuredRun: Sendable {
    var echo = PhaseMeasurement()
    var mixes: [(mix: CommandMix, measurement: PhaseMeasurement)] = []
    var sessionsCreated = 0
    /// Sessions that could not be revoked at the end; they expire.
    var sessionsLeft = 0
    var isInterrupted = false
    /// The message of the first error reply.
    var firstError: String?
    /// Why the run ended early, if it did.
    var problem: String?
}

/// The phases of a run over open connections.
struct BenchmarkSession: Sendable {
    let settings: BenchmarkSettings
    let identity: RunIdentity
    let generator: LoadGenerator
    let echo: EchoServer
    let processes: WatchedProcesses
    let clientClock: clockid_t?
    let control: SessionClient
    let interruption: Interruption
    let onProgress: @Sendable (BenchmarkProgress) -> Void

    func run() async throws(BenchmarkError) -> MeasuredRun {
        interruption.onRaise { Task { await generator.stop() } }
        try await putPolicy()
        var run = MeasuredRun()
        do throws(BenchmarkError) {
            try await prepare()
            await measure(&run)
        } catch {
            _ = await cleanUp()
            throw error
        }
        run.isInterrupted = interruption.isRaised
        run.sessionsCreated = await generator.sessionsCreated
        run.firstError = await generator.firstError
        if let failure = await generator.connectionFailure {
            run.problem = "the connection to RabbitMQ was lost: \(failure.message)"
        }
        run.sessionsLeft = await cleanUp()
        return run
    }

    private func measure(_ run: inout MeasuredRun) async {
        // Half of the echo before and half after, so that a machine that changes its speed affects both sides.
        run.echo = await measureEcho()
        for mix in settings.mixes where !interruption.isRaised {
            let measurement = await generator.run(
                Phase(
                    .mix(mix), pace: settings.pace, warmUpSeconds: Double(settings.warmUpSeconds),
                    seconds: Double(settings.seconds)),
                cpu: cpu(ofEcho: false), onProgress: onProgress)
            if measurement.seconds > 0 { run.mixes.append((mix, measurement)) }
        }
        if !interruption.isRaised { run.echo.add(await measureEcho()) }
    }

    private func measureEcho() async -> PhaseMeasurement {
        await generator.run(
            Phase(
                .echo, pace: settings.pace, warmUpSeconds: min(1, Double(settings.warmUpSeconds)),
                seconds: min(Double(settings.seconds) / 2, LoadLimits.echoSeconds)),
            cpu: cpu(ofEcho: true), onProgress: onProgress)
    }

    private func cpu(ofEcho isEcho: Bool) -> @Sendable () -> [ProcessRole: Double] {
        { [processes, echo, clientClock] in
            var seconds = processes.cpuSeconds()
            if isEcho { seconds[.worker] = echo.cpuSeconds }
            seconds[.client] = clientClock.flatMap { CPUTime.seconds(of: $0) }
            return seconds
        }
    }

    // MARK: What a run makes, and removes

    private func putPolicy() async throws(BenchmarkError) {
        let reply: [UInt8]
        do {
            reply = try await control.send(
                "policy.put", body: identity.putPolicy(lifetimeSeconds: settings.lifetimeSeconds),
                options: CommandOptions(timeout: .seconds(settings.timeoutSeconds)))
        } catch {
            throw BenchmarkError(.unavailable, "\(error)")
        }
        guard ReplyScan.verdict(on: .create, reply) == .succeeded else {
            throw BenchmarkError(.refused, "policy.put was refused: \(ReplyScan.explanation(of: reply))")
        }
        // In force on every worker within a second (contract §3).
        try? await Task.sleep(for: .seconds(1))
    }

    private func prepare() async throws(BenchmarkError) {
        let count = settings.sessionsToPrepare
        guard count > 0, !interruption.isRaised else { return }
        let measurement = await generator.run(
            Phase(.preparation(count: count), seconds: Double(LoadLimits.listSeconds)), onProgress: onProgress)
        if let failure = await generator.connectionFailure {
            throw BenchmarkError(.unavailable, "the connection to RabbitMQ was lost: \(failure.message)")
        }
        guard !interruption.isRaised else { return }
        let total = measurement.total
        guard total.succeeded == count else {
            let reason = await generator.firstError ?? "no reply within \(settings.timeoutSeconds) s"
            throw BenchmarkError(
                total.succeeded == 0 && total.failed == 0 ? .unavailable : .refused,
                "\(count - total.succeeded) of \(count) sessions could not be created: \(reason)")
        }
    }

    /// Revokes the run's sessions, and removes its policy. Returns how many sessions are left.
    private func cleanUp() async -> Int {
        await generator.beginCleaningUp()
        // A command that timed out the first time may well succeed the second time.
        for _ in 0..<2 {
            let living = await generator.livingSubjects
            guard !living.isEmpty else { break }
            _ = await generator.run(
                Phase(.cleanUp(subjects: living), seconds: Double(LoadLimits.listSeconds)), onProgress: onProgress)
        }
        _ = try? await control.send("policy.remove", body: identity.removePolicy, options: CommandOptions())
        return await generator.livingSubjects.count
    }
}
