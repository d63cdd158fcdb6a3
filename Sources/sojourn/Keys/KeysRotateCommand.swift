import ArgumentParser
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine
import WorkerCommandLine
import WorkerRuntime

/// `sojourn keys rotate [FILE]`.
struct KeysRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Add a new key, which starts sealing once every worker has loaded it.",
        discussion: """
            Workers reload the file within a second, and a command's output within half a minute. If the keyring reaches \
            them another way, such as a distributed secret, set --after to more than the time that this takes.
            """)

    @OptionGroup var file: KeyringFileArgument

    @Option(help: ArgumentHelp("Seconds until the new key starts sealing, 0 to 604800.", valueName: "s"))
    var after = Keyring.graceSeconds

    @Flag(help: "Print a JSON object.")
    var json = false

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
        if json {
            return Output.json(
                JSONWriter.object { json in
                    json.member("file", path)
                    json.member("added", new.id)
                    json.member("currentFrom", now.adding(seconds: after))
                    json.member("previous", old.id)
                })
        }
        Output.line(
            """
            Added the key \(new.id) to \(path). It starts sealing at \(now.adding(seconds: after).rfc3339).

            After that, to remove the older keys: sojourn keys reseal, then sojourn keys retire \(path) \(old.id)
            """)
    }
}
