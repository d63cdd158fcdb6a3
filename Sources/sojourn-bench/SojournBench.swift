import AMQPNIO
import ArgumentParser
import Logging
import NIOCore
import NIOPosix

/// Measures the cost of a validate and that of a plain echo, which is the minimum for a service behind RabbitMQ.
@main
struct SojournBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sojourn-bench",
        abstract: "Measure the cost of a validate.",
        discussion: "`deploy/local/bench` starts what it needs and runs it.",
        subcommands: [LoadCommand.self, EchoCommand.self])
}

/// Keeps a fixed number of commands in flight, and reports the rate of replies, the latencies, and the worker's CPU
/// time per command.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Keep commands in flight to a running worker, and measure.")

    @Option(help: "The broker.")
    var amqpUrl = "amqp://guest:guest@127.0.0.1:5672/"

    @Option(help: "The installation's namespace.")
    var namespace = "sojourn"

    @Option(help: "The process id of the only worker, whose CPU time is measured.")
    var workerPid: Int32

    @Flag(help: "The worker is a plain echo: create no sessions, and do not check the replies.")
    var plain = false

    @Option(help: "Commands in flight at any time.")
    var outstanding = 256

    @Option(help: "Sessions to validate in turn, each of a different subject.")
    var sessions = 100

    @Option(help: "Seconds to measure, after one second of warm-up.")
    var seconds = 10

    func run() async throws {
        var configuration = try AMQPConfiguration(url: amqpUrl)
        configuration.connectionName = "sojourn-bench"
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let connection = try await AMQPConnection.connect(
            configuration, on: loop, logger: Logger(label: "bench"))
        let load = ValidateLoad(
            channel: try await connection.openChannel(), exchange: namespace + ".commands", on: loop)
        try await load.listen()
        if plain { await load.usePlainBodies() } else { try await load.createSessions(sessions) }

        try await load.start(outstanding: outstanding)
        try await Task.sleep(for: .seconds(1))
        await load.reset()
        let before = try ProcessTime.of(workerPid)
        let begin = ContinuousClock.now
        try await Task.sleep(for: .seconds(seconds))
        let measured = await load.reset()
        let elapsed = ContinuousClock.now - begin
        let spent = try ProcessTime.of(workerPid) - before
        await load.stop()
        await connection.close()

        print(Report(measured, elapsed: elapsed, cpuSeconds: spent).text)
    }
}
