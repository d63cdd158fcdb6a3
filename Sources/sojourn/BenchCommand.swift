import ArgumentParser
import PoolBenchmark
import SessionContract
import SessionCore
import SessionEngine
import WorkerCommandLine
import WorkerRuntime

/// `sojourn bench`: loads a running pool and measures it.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Load a running pool of workers, and measure it.",
        discussion: """
            Measures each mix, and in the same run a plain echo through the same broker, which shows what the broker and the \
            machine contribute.

            \(CommandMix.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n"))

            Without --rate, each reply triggers the next command, and latency is the service time under that load. With --rate, \
            commands are due at fixed moments, and latency counts from these: a pool that stalls makes all of them late.

            It creates sessions in the tenant \(RunIdentity.tenant), under a policy of their own, and revokes them at the end; \
            if it is killed, they expire. What remains takes Redis memory until it expires: results, for \
            SOJOURN_INBOX_SECONDS, and each emptied subject for 30 days. Ctrl-C ends the measurement, reports it and cleans \
            up; a second Ctrl-C ends the process.

            Exit status: 0 measured, 1 some commands failed, 64 wrong usage, 69 no broker or no worker, 78 wrong
            configuration, 130 interrupted.
            """)

    @Argument(help: ArgumentHelp("What to send, one after the other.", valueName: "mix"))
    var mixes: [CommandMix] = [.day]

    @Option(
        help: ArgumentHelp(
            "Commands in flight, 1 to 10000; with --rate the most. (default: 256, with --rate 2000)", valueName: "n"))
    var outstanding: Int?

    @Option(help: ArgumentHelp("Commands per second, 1 to 100000, whether or not replies arrive.", valueName: "n"))
    var rate: Int?

    @Option(help: ArgumentHelp("How long to measure each mix, 1 to 3600.", valueName: "s"))
    var seconds = BenchmarkSettings().seconds

    @Option(help: ArgumentHelp("How long to send each mix before it is measured, 0 to 600.", valueName: "s"))
    var warmUp = BenchmarkSettings().warmUpSeconds

    @Option(
        help: ArgumentHelp(
            "Sessions to create beforehand, 1 to 1000000. (default: 2000, for revoke 20000)", valueName: "n"))
    var sessions: Int?

    @Option(help: ArgumentHelp("The most sessions to create in all, 1 to 1000000.", valueName: "n"))
    var maxSessions = BenchmarkSettings().maxSessions

    @Option(help: ArgumentHelp("How long to wait for a reply, 1 to 60.", valueName: "s"))
    var timeout = BenchmarkSettings().timeoutSeconds

    @Option(help: ArgumentHelp("Write the report as JSON to this file; - is standard output.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("Write a plot to this file.", valueName: "file"))
    var svg: String?

    @Flag(help: "Show no progress.")
    var quiet = false

    @Flag(help: "Allow a broker that is not on this machine: its pool may be in use by others, who would wait.")
    var remote = false

    @Option(help: ArgumentHelp("A worker on this machine; may be repeated. (default: found)", valueName: "pid"))
    var workerPid: [Int32] = []

    @Option(help: ArgumentHelp("The broker on this machine. (default: found)", valueName: "pid"))
    var brokerPid: Int32?

    @Option(help: ArgumentHelp("The Redis server on this machine. (default: found)", valueName: "pid"))
    var redisPid: Int32?

    @Option(help: .setting(.redisUrl)) var redisUrl: String?

    @OptionGroup var redisTLS: RedisTLSOptions

    @OptionGroup var client: ClientOptions

    func validate() throws {
        typealias Bounds = BenchmarkSettings.Bounds
        try check(outstanding, Bounds.outstanding, "--outstanding")
        try check(rate, Bounds.rate, "--rate")
        try check(seconds, Bounds.seconds, "--seconds")
        try check(warmUp, Bounds.warmUpSeconds, "--warm-up")
        try check(sessions, Bounds.sessions, "--sessions")
        try check(maxSessions, Bounds.maxSessions, "--max-sessions")
        try check(timeout, Bounds.timeoutSeconds, "--timeout")
        guard mixes.count <= 16 else { throw ValidationError("Give at most 16 mixes.") }
        guard settings.sessionsToPrepare <= maxSessions,
            settings.sessionsToPrepare >= 2 * settings.outstanding
                || !mixes.contains(where: { $0 != .login })
        else {
            throw ValidationError(
                "--max-sessions must be at least twice --outstanding, which is \(settings.outstanding).")
        }
        for pid in workerPid + [brokerPid, redisPid].compactMap(\.self) where CPUTime.of(process: pid) == nil {
            throw ValidationError("There is no process \(pid) on this machine.")
        }
    }

    private func check(_ value: Int?, _ bounds: ClosedRange<Int>, _ name: String) throws {
        guard value.map(bounds.contains) ?? true else {
            throw ValidationError("\(name) must be from \(bounds.lowerBound) to \(bounds.upperBound).")
        }
    }

    private var settings: BenchmarkSettings {
        var settings = BenchmarkSettings()
        settings.mixes = mixes
        settings.rate = rate
        settings.outstanding = outstanding ?? (rate == nil ? settings.outstanding : 2000)
        settings.seconds = seconds
        settings.warmUpSeconds = warmUp
        settings.sessions = sessions
        settings.maxSessions = maxSessions
        settings.timeoutSeconds = timeout
        return settings
    }

    func run() async throws {
        let target = try await target()
        // Not only after minutes of measuring.
        for path in [svg, json].compactMap(\.self) where path != "-" { try Output.checkCanWrite(path) }
        let interruption = Interruption()
        let signals = InterruptSignals(interruption)
        defer { withExtendedLifetime(signals) {} }
        let progress = BenchProgress(isQuiet: quiet)
        progress.begin(target, settings)
        let report: BenchmarkReport
        do {
            let benchmark = Benchmark(settings, target: target, interruption: interruption, clock: { .wallClock })
            report = try await benchmark.run(
                processes: WatchedProcesses(workers: workerPid, broker: brokerPid, redis: redisPid),
                onProgress: { progress.show($0) })
        } catch {
            progress.end()
            throw CommandFailure(
                error.message, status: error.kind == .unavailable ? ExitStatus.unavailable : .failure)
        }
        progress.end()
        try write(report)
        if report.isInterrupted { throw ExitCode(130) }
        if let problem = report.problem { throw CommandFailure(problem, status: ExitStatus.unavailable) }
        guard report.everythingSucceeded else { throw ExitCode.failure }
    }

    private func write(_ report: BenchmarkReport) throws {
        let content = report.json(version: SojournVersion.text)
        if json == "-" { Output.json(content) } else { Output.line(report.text) }
        if let json, json != "-" { try Output.file(json, content + [UInt8(ascii: "\n")]) }
        if let svg { try Output.file(svg, Array(BenchmarkPlot.svg(of: report).utf8)) }
    }

    /// The installation, unless it is on another machine and that was not allowed.
    private func target() async throws -> Benchmark.Target {
        let configuration = try await client.read(
            with: redisTLS.given.merging([.redisUrl: redisUrl].compactMapValues(\.self)) { given, _ in given })
        let brokerIsLocal = configuration.brokersAreLocal
        guard brokerIsLocal || remote else {
            throw CommandFailure(
                "the broker is not on this machine, and others may be using its pool: they would wait for their replies "
                    + "as long as the benchmark runs. If it may be loaded, add --remote",
                status: ExitStatus.usage)
        }
        return Benchmark.Target(
            brokers: try configuration.brokers(), namespace: configuration.namespace, redis: try configuration.redis(),
            brokerIsLocal: brokerIsLocal, redisIsLocal: configuration.redisIsLocal)
    }
}

extension CommandMix: ExpressibleByArgument {}
