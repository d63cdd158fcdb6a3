import AMQPNIO
import ArgumentParser
import PoolBenchmark
import SessionCore
import SessionCrypto
import SessionEngine
import SojournClient
import WorkerCommandLine
import WorkerRuntime

/// `sojourn quarantine replay`.
struct QuarantineReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Send quarantined commands again, one after the other, oldest first.",
        discussion: """
            A command is sent as it was, with its message_id, and leaves the quarantine once a worker has answered it for \
            good. If it is interrupted in between, it stays in quarantine, and may be replayed again within \
            SOJOURN_INBOX_SECONDS: the worker recognises its message_id and has no second effect.

            The answer's tokens are not shown. Whoever sent the command gets them by sending it again, with the same \
            message_id, within that time.

            A command with sealed credentials needs the keyring, which is read from the configuration or given with \
            --keyring-file or --keyring-command.
            """)

    @OptionGroup var targets: QuarantineTargets

    @Option(help: ArgumentHelp("Seconds to wait for each answer, 1 to 3600.", valueName: "s"))
    var timeout = 70

    @Flag(help: "Send commands whose deadline has passed, without it.")
    var ignoreDeadline = false

    @Flag(
        help: """
            Send commands that may have had an effect long ago: they failed in a worker, and are so old that it may have \
            forgotten their message_id.
            """)
    var mayRepeat = false

    @Flag(
        help: """
            Send commands as the user of the AMQP URL. Otherwise a command keeps its sender, which RabbitMQ only accepts \
            from that user, or from one with the tag impersonator. Permissions and message_ids are the sender's.
            """)
    var asSelf = false

    @Option(help: .setting(.keyringFile)) var keyringFile: String?

    @Option(help: .setting(.keyringCommand)) var keyringCommand: String?

    @Option(help: .setting(.inboxSeconds)) var inboxSeconds: String?

    @Flag(help: "Print what became of each message as a JSON object, one per line.")
    var json = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (1...3600).contains(timeout) else { throw ValidationError("--timeout must be from 1 to 3600.") }
    }

    func run() async throws {
        let configuration = try await client.read(with: [
            .keyringFile: keyringFile, .keyringCommand: keyringCommand, .inboxSeconds: inboxSeconds,
        ])
        let sealer = try await configuration.quarantineSealer()
        guard try await targets.confirm("Replay", client, configuration) else { return }
        let interruption = Interruption()
        let signals = InterruptSignals(interruption)
        defer { withExtendedLifetime(signals) {} }
        let report = try await client.withQuarantine(configuration) { client, reader in
            let preparation = ReplayPreparation(
                exchange: client.commandExchange, sealer: sealer, user: asSelf ? .some(client.user) : nil,
                ignoresDeadline: ignoreDeadline, mayRepeat: mayRepeat, inboxSeconds: configuration.inboxSeconds,
                answerSeconds: timeout)
            return try await targets.apply(to: reader, until: interruption, asJSON: json) { delivery in
                let command: AMQPMessage
                switch preparation.prepare(delivery, at: .wallClock) {
                case .success(let prepared): command = prepared
                case .failure(let refusal): return .stays(refusal.sentence)
                }
                do {
                    return QuarantineFate(try await client.sendAgain(command, timeout: .seconds(timeout)))
                } catch let error as SojournError {
                    return try fate(after: error, isOwn: command.properties.userID == client.user)
                }
            }
        }
        try report.finish(verb: "replayed", isInterrupted: interruption.isRaised)
    }

    /// What becomes of a command that could not be sent, or was not answered, if others may fare better.
    private func fate(after error: SojournError, isOwn: Bool) throws(CommandFailure) -> QuarantineFate {
        switch error.code {
        case .unsendable, .queueFull: return .stays(error.message)
        case .accessRefused where !isOwn:
            throw CommandFailure(
                "RabbitMQ does not let this user send what another user had sent: connect as that user, or send it as "
                    + "yourself with --as-self (\(error.message))",
                status: ExitStatus.notPermitted)
        case .timeout:
            throw CommandFailure(
                "\(error.message) What was not answered stays in quarantine", status: ExitStatus.unavailable)
        default: throw CommandFailure(of: error)
        }
    }
}
