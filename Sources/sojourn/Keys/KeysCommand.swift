import ArgumentParser
import FoundationEssentials
import SessionCrypto
import SessionEngine
import WorkerCommandLine
import WorkerRuntime

/// `sojourn keys …`: manages the keyring, which seals the data in Redis and signs access tokens.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Create the keyring, and replace its keys.",
        discussion: """
            To replace the key that seals records, while workers keep running:

              sojourn keys rotate FILE       adds a key, which starts sealing a minute from now
              sojourn keys reseal            then: reseals what older keys sealed
              sojourn keys retire FILE ID    removes the older key, once access tokens it signed have expired
            """,
        subcommands: [
            KeysInitCommand.self, KeysListCommand.self, KeysRotateCommand.self, KeysRetireCommand.self,
            KeysResealCommand.self,
        ])
}

/// The keyring file that a `keys` command uses.
struct KeyringFileArgument: ParsableArguments {
    @Argument(help: "The keyring file. (default: SOJOURN_KEYRING_FILE)")
    var file: String?

    var path: String {
        get throws {
            let variable = ConfigurationVariable.keyringFile.environmentName
            guard let path = file ?? ProcessInfo.processInfo.environment[variable], !path.isEmpty else {
                throw CommandFailure("give a FILE, or its path in \(variable)", status: .validationFailure)
            }
            return path
        }
    }
}

/// `sojourn keys init [FILE]`.
struct KeysInitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Create a new keyring; an existing file is never overwritten.")

    @OptionGroup var file: KeyringFileArgument

    mutating func run() async throws {
        let path = try file.path
        do {
            try Keyring.generate(at: .wallClock).save(to: path)
        } catch {
            throw CommandFailure(error.description)
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
