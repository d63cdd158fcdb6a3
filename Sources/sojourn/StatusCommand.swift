import ArgumentParser
import FoundationEssentials
import SessionContract
import WorkerCommandLine
import WorkerRuntime

/// `sojourn status`: shows how a worker and its installation are.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how a worker is: lanes, servers, queues, outbox, quarantine, keys.",
        discussion: """
            Asks a running worker at its admin address.

            Exit status: 0 if all is well, 1 if something needs attention, which is then listed first, 69 if no worker \
            answers.
            """)

    @Option(help: .setting(.adminAddress)) var adminAddress: String?

    @Option(help: .configurationFile) var config: String?

    @Flag(help: "Print a JSON object, with what needs attention as `concerns`.")
    var json = false

    /// What is printed as JSON.
    private struct Report: Encodable {
        let concerns: [String]
        let worker: WorkerStatus
    }

    func run() async throws {
        var overrides: [ConfigurationVariable: String] = [:]
        overrides[.adminAddress] = adminAddress
        let configuration = try await WorkerConfiguration.read(
            commandLine: overrides, file: config, needsKeyring: false)
        let status: WorkerStatus
        do {
            status = try await StatusRequest.status(of: configuration.adminAddress)
        } catch {
            throw CommandFailure(error.description, status: ExitStatus.unavailable)
        }
        let concerns = status.concerns
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            Output.json(Array(try encoder.encode(Report(concerns: concerns, worker: status))))
        } else {
            StatusText.print(status, concerns)
        }
        if !concerns.isEmpty { throw ExitCode(1) }
    }
}
