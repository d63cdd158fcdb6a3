import ArgumentParser
import FoundationEssentials
import SessionCrypto
import SessionWorker
import SojournWorker

/// `sojourn keys …`: the file that seals what Redis holds and signs access tokens.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make the keyring, and exchange its keys.",
        discussion: """
            To exchange the key that seals records, while the workers go on:

              sojourn keys rotate FILE       a new key, which seals from a minute from now on
              sojourn keys reseal            then, what is sealed with an older one is sealed again
              sojourn keys retire FILE ID    and the older one goes, when the access tokens that it signed have expired
            """,
        subcommands: [
            KeysInitCommand.self, KeysListCommand.self, KeysRotateCommand.self, KeysRetireCommand.self,
            KeysResealCommand.self,
        ])
}

/// The file that a `keys` command is about.
struct KeyringFileArgument: ParsableArguments {
    @Argument(help: "The keyring. Without it, the path in SOJOURN_KEYRING_FILE.")
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
        abstract: "Make a new keyring; a file that exists is never overwritten.")

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
            Made a new keyring in \(path), readable by this user alone.

            Keep it safe:
              - Whoever has it can read the sessions in Redis. Give it to the user the workers run as, and to nobody
                else; keep it out of images, repositories and logs.
              - Whoever loses it loses every session. Keep a copy, somewhere else than the copies of Redis.
              - Every worker of a namespace needs the same file.

            Start a worker with it: \(ConfigurationVariable.keyringFile.environmentName)=\(path) sojourn worker
            """)
    }
}
