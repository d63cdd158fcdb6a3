import ArgumentParser
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine
import WorkerCommandLine
import WorkerRuntime

/// `sojourn keys init [FILE]`.
struct KeysInitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Create a new keyring; an existing file is never overwritten.")

    @OptionGroup var file: KeyringFileArgument

    @Flag(help: "Print a JSON object.")
    var json = false

    func run() async throws {
        let path = try file.path
        let now = Timestamp.wallClock
        let keyring = Keyring.generate(at: now)
        do {
            try keyring.save(to: path)
        } catch {
            throw CommandFailure(error.description)
        }
        if json {
            return Output.json(
                JSONWriter.object { json in
                    json.member("file", path)
                    json.member("current", keyring.currentID(at: now))
                })
        }
        Output.line(
            """
            Created a keyring in \(path), readable only by this user.

            Keep it safe:
              - Anyone who has it can read the sessions in Redis. Give it only to the user the workers run as; keep it
                out of images, repositories and logs.
              - If it is lost, so is every session. Keep a backup, separate from the backups of Redis.
              - Every worker of a namespace needs the same file.

            Start a worker with it: \(ConfigurationVariable.keyringFile.environmentName)=\(path) sojourn worker
            """)
    }
}
