import AMQPNIO
import ArgumentParser
import Logging
import NIOCore
import NIOPosix

/// Measures what a validate costs, and what a plain echo does, which is the least that a service behind RabbitMQ can cost.
@main
struct SojournBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sojourn-bench",
        abstract: "Measure what a validate costs.",
        discussion: "`deploy/local/bench` starts what it needs and runs it.",
        subcommands: [LoadCommand.self, EchoCommand.self])
}

/// Keeps so many commands outstanding, and says how many a second were answered, how long each took, and how much CPU the
/// worker spent on each.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Keep commands outstanding against a running worker, and measure.")

    @Option(help: "The broker.")
    var amqpUrl = "amqp://guest:guest@127.0.0.1:5672/"

    @Option(help: "The installation's namespace.")
    var namespace = "sojourn"

    @Option(help: "The process of the only worker, whose CPU time is measured.")
    var workerPid: Int32

    @Flag(help: "The worker is a plain echo: there are no sessions to create, and no answers to look at.")
    var plain = false

    @Option(help: "Commands under way at any time.")
    var outstanding = 256

    @Option(help: "Sessions that are validated in turn, each of a subject of its own.")
    var sessions = 100

    @Option(help: "Seconds to measure, after one second that does not count.")
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
