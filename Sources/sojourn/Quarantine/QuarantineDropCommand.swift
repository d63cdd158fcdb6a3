import ArgumentParser
import PoolBenchmark
import SojournClient
import WorkerCommandLine

/// `sojourn quarantine drop`.
struct QuarantineDropCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Remove messages from quarantine for good.")

    @OptionGroup var targets: QuarantineTargets

    @Flag(help: "Print what became of each message as a JSON object, one per line.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let configuration = try await client.read()
        guard try await targets.confirm("Drop", client, configuration) else { return }
        let interruption = Interruption()
        let signals = InterruptSignals(interruption)
        defer { withExtendedLifetime(signals) {} }
        let report = try await client.withQuarantine(configuration) { _, reader in
            try await targets.apply(to: reader, until: interruption, asJSON: json) { _ in .dropped }
        }
        try report.finish(verb: "dropped", isInterrupted: interruption.isRaised)
    }
}
