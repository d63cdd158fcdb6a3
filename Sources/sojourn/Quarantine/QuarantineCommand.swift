import ArgumentParser
import SojournClient
import WorkerCommandLine
import WorkerRuntime

/// `sojourn quarantine …`: messages that could not be read or carried out.
struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "List, show, replay or drop messages that could not be carried out.",
        discussion: """
            `list` and `show` remove nothing. `replay` and `drop` remove a message once a worker has answered it, or at \
            once. A message that one command reads is invisible to the others until it is done.

            Exits with 0 if everything was done; 1 if a message does not exist, stays in quarantine or failed again; 64 if called \
            incorrectly; 69 if RabbitMQ cannot be reached or no worker answers; 77 if RabbitMQ does not permit it; 78 if \
            the configuration is invalid; 130 or 143 if it was interrupted.
            """,
        subcommands: [
            QuarantineListCommand.self, QuarantineShowCommand.self, QuarantineReplayCommand.self,
            QuarantineDropCommand.self,
        ])
}

extension ClientOptions {
    /// Reads the quarantine with a connection of its own.
    func withQuarantine<Value: Sendable>(
        _ configuration: WorkerConfiguration, _ work: (SessionClient, QuarantineReader) async throws -> Value
    ) async throws -> Value {
        try await withClient(configuration) { client in
            let reader = try await client.readQuarantine()
            let value: Value
            do { value = try await work(client, reader) } catch {
                // What was removed before the error stays removed.
                try? await reader.close()
                throw error
            }
            try await reader.close()
            return value
        }
    }
}

extension CommandFailure {
    init(of error: SojournError) {
        let status =
            switch error.code {
            case .accessRefused, .notPermitted: ExitStatus.notPermitted
            case .invalidConfiguration: ExitStatus.configuration
            default: ExitStatus.unavailable
            }
        self.init(error.message, status: status)
    }
}
