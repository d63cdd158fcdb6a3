import ArgumentParser
import SessionContract
import SojournClient
import WorkerCommandLine
import WorkerRuntime

/// `sojourn quarantine show ID`.
struct QuarantineShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a quarantined message in full.",
        discussion: """
            Its credentials are sealed, and stay so unless you ask: --reveal opens them with the keyring of the \
            configuration, --keyring-file and --keyring-command with the given one. The output may then contain valid \
            tokens.
            """)

    @Argument(help: "The message's id, from `sojourn quarantine list`.")
    var id: String

    @Flag(help: "Show credentials.")
    var reveal = false

    @Option(help: .setting(.keyringFile)) var keyringFile: String?

    @Option(help: .setting(.keyringCommand)) var keyringCommand: String?

    @Flag(help: "Print the message as a JSON object.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let isRevealed = reveal || keyringFile != nil || keyringCommand != nil
        let configuration = try await client.read(with: [.keyringFile: keyringFile, .keyringCommand: keyringCommand])
        let seal = isRevealed ? try await configuration.quarantineSeal(ofMessage: id) : nil
        let found = try await client.withQuarantine(configuration) { _, reader in
            while let delivery = try await reader.next() {
                if delivery.quarantineID == id { return Optional(delivery) }
            }
            return nil
        }
        guard let found else { throw CommandFailure(.noMessage(id)) }
        var (delivery, opened, closed) = seal.map { found.opened(with: $0) } ?? (found, 0, found.sealedCount)
        if !isRevealed { delivery = delivery.hidingCredentials }
        let message = QuarantinedMessage(found, shown: delivery, keepsBody: true)
        if json { Output.json(message.json) } else { Output.line(message.text) }
        if opened > 0 { Output.note("opened with the keyring: \(opened)") }
        if closed > 0 {
            Output.note(
                "still sealed: \(closed)"
                    + (seal != nil ? "" : isRevealed ? "; --keyring-file FILE opens them" : "; --reveal opens them"))
        }
    }
}

extension String {
    static func noMessage(_ id: String) -> String {
        "there is no message \(id) in quarantine: `sojourn quarantine list` shows the existing ones"
    }
}
