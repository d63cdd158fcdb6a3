import ArgumentParser
import SessionContract
import SessionCore
import SessionCrypto
import SessionWorker
import SojournWorker

/// `sojourn keys rotate [FILE]`.
struct KeysRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Add a new key, which seals from a moment on that every worker has heard of it by.",
        discussion: """
            Workers read the file by themselves, within a second, and what a command prints within half a minute. Where it \
            reaches them another way, such as a secret that is copied to them, give --after the time that this takes, and more.
            """)

    @OptionGroup var file: KeyringFileArgument

    @Option(help: ArgumentHelp("From when on the new key seals: in so many seconds, 0 to 604800.", valueName: "s"))
    var after = Keyring.graceSeconds

    func validate() throws {
        guard (0...604_800).contains(after) else { throw ValidationError("--after must be from 0 to 604800.") }
    }

    func run() async throws {
        let path = try file.path
        let now = Timestamp.wallClock
        let keys: [KeySummary]
        do {
            keys = try Keyring.change(at: path) { keyring throws(KeyringError) in
                try keyring.rotated(at: now, after: after)
            }.summaries(at: now)
        } catch {
            throw CommandFailure("\(error)")
        }
        guard let new = keys.last, let old = keys.last(where: { $0.id != new.id }) else {
            preconditionFailure("a ring that was rotated has two keys")
        }
        Output.line(
            """
            Made the key \(new.id) in \(path). It seals from \(now.adding(seconds: after).rfc3339) on.

            After that, to be done with the older keys: sojourn keys reseal, then sojourn keys retire \(path) \(old.id)
            """)
    }
}
