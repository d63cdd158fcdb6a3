import ArgumentParser
import SessionContract
import SojournClient
import WorkerCommandLine
import WorkerRuntime

/// `sojourn quarantine …`: inspects messages that could not be parsed or executed.
struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "Inspect messages that could not be parsed or executed.",
        discussion: """
            Reading removes nothing. Credentials in a message are sealed; `show` opens them if it is given the keyring.
            """,
        subcommands: [QuarantineListCommand.self, QuarantineShowCommand.self])
}

/// `sojourn quarantine list`.
struct QuarantineListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the quarantined messages, one per line, oldest first.")

    @Option(help: ArgumentHelp("The maximum number to list, 1 to 10000.", valueName: "n"))
    var limit = 50

    @Flag(help: "Print each message as a JSON object, one per line.")
    var json = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 10000.") }
    }

    func run() async throws {
        let client = try await client.connect()
        let look: SessionClient.QuarantineLook<QuarantinedMessage>
        do {
            look = try await client.lookAtQuarantine(limit: limit) { QuarantinedMessage($0, keepsBody: false) }
        } catch {
            throw CommandFailure(error.message, status: ExitStatus.unavailable)
        }
        await client.close()
        for message in look.found {
            if json { Output.json(message.json) } else { Output.line(message.line) }
        }
        if look.total > look.found.count {
            Output.note("\(look.found.count) of \(look.total) messages: --limit shows more")
        }
    }
}

/// `sojourn quarantine show ID`.
struct QuarantineShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a quarantined message in full.",
        discussion: """
            With the keyring (--keyring-file, --keyring-command or their environment variables), its sealed credentials are \
            opened. The output may then contain valid tokens.
            """)

    @Argument(help: "The message's id, from `sojourn quarantine list`.")
    var id: String

    @Option(help: .setting(.keyringFile)) var keyringFile: String?

    @Option(help: .setting(.keyringCommand)) var keyringCommand: String?

    @Flag(help: "Print the message as a JSON object.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let configuration = try await client.read(
            with: [.keyringFile: keyringFile, .keyringCommand: keyringCommand])
        let seal = try await configuration.quarantineSeal(ofMessage: id)
        let client = try await client.connect(configuration)
        let look: SessionClient.QuarantineLook<QuarantinedMessage>
        do {
            look = try await client.lookAtQuarantine(limit: 0, enough: 1) { [id] delivery in
                let message = QuarantinedMessage(delivery, keepsBody: true)
                return message.id == id ? message : nil
            }
        } catch {
            throw CommandFailure(error.message, status: ExitStatus.unavailable)
        }
        await client.close()
        guard var message = look.found.first else {
            throw CommandFailure(
                "there is no message \(id) in quarantine: `sojourn quarantine list` shows the existing ones")
        }
        let (opened, closed) = seal.map { message.open(with: $0) } ?? (0, message.sealedCount)
        if json { Output.json(message.json) } else { Output.line(message.text) }
        if opened > 0 { Output.note("opened with the keyring: \(opened)") }
        if closed > 0 {
            Output.note("still sealed: \(closed)" + (seal == nil ? "; --keyring-file FILE opens them" : ""))
        }
    }
}
