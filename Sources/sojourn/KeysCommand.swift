import ArgumentParser
import FoundationEssentials
import SessionCrypto
import SessionWorker

/// `sojourn keys …`: the file that seals what Redis holds and signs access tokens.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make the keyring.", subcommands: [KeysInitCommand.self])
}

/// `sojourn keys init [FILE]`.
struct KeysInitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a new keyring; a file that exists is never overwritten.")

    @Argument(help: "Where to write it. Without it, the path in SOJOURN_KEYRING_FILE.")
    var file: String?

    mutating func run() async throws {
        let variable = ConfigurationVariable.keyringFile.environmentName
        guard let path = file ?? ProcessInfo.processInfo.environment[variable], !path.isEmpty else {
            throw CommandFailure("give a FILE, or its path in \(variable)", status: .validationFailure)
        }
        do {
            try Keyring.generate(at: .wallClock).save(to: path)
        } catch {
            throw CommandFailure(error.description)
        }
        print(
            """
            Made a new keyring in \(path), readable by this user alone.

            Keep it safe:
              - Whoever has it can read the sessions in Redis. Give it to the user the workers run as, and to nobody
                else; keep it out of images, repositories and logs.
              - Whoever loses it loses every session. Keep a copy, somewhere else than the copies of Redis.
              - Every worker of a namespace needs the same file.

            Start a worker with it: \(variable)=\(path) sojourn worker
            """)
    }
}
