import ArgumentParser
import FoundationEssentials
import WorkerCommandLine
import WorkerRuntime

/// `sojourn keys …`: manages the keyring, which seals the data in Redis and signs access tokens.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Create the keyring, and replace its keys.",
        discussion: """
            To replace the key that seals records, while workers keep running:

              sojourn keys rotate FILE     adds a key, which seals from a minute later
              sojourn keys reseal          then: reseals what older keys sealed
              sojourn keys retire FILE ID  at last: removes the older key
            """,
        subcommands: [
            KeysInitCommand.self, KeysListCommand.self, KeysRotateCommand.self, KeysRetireCommand.self,
            KeysResealCommand.self,
        ])
}

/// The keyring file that a `keys` command uses.
struct KeyringFileArgument: ParsableArguments {
    @Argument(help: "The keyring file. (default: SOJOURN_KEYRING_FILE)", completion: .file())
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
