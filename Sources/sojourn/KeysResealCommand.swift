import ArgumentParser
import SessionContract
import SessionCore
import SessionCrypto
import SessionStore
import SessionWorker
import SojournWorker

/// `sojourn keys reseal`.
struct KeysResealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reseal",
        abstract: "Seal everything in a namespace with the current key, beside workers that go on.",
        discussion: """
            It may be interrupted and run again. What a worker writes meanwhile stays as the worker wrote it.
            """)

    @Option(help: .setting(.keyringFile)) var keyringFile: String?

    @Option(help: .setting(.keyringCommand)) var keyringCommand: String?

    @OptionGroup var store: StoreOptions

    func run() async throws {
        let configuration = try await store.read(
            with: [.keyringFile: keyringFile, .keyringCommand: keyringCommand], needsKeyring: true)
        let keyring = try await configuration.keyring()
        if let waiting = keyring.waiting(at: .wallClock) {
            throw CommandFailure(
                "the key \(waiting.id) seals only from \(waiting.from.rfc3339) on: reseal after that")
        }
        let progress = ProgressLine()
        let done: ResealProgress
        do {
            done = try await KeyMaintenance.run(configuration, keyring: keyring) { maintenance in
                try await maintenance.reseal { progress.show($0) }
            }
        } catch {
            progress.end()
            throw CommandFailure(of: error)
        }
        progress.end()
        Output.line("Looked at \(done.records) records and sealed \(done.resealed) of them again.")
        if done.leftEvents > 0 {
            Output.line(
                "\(done.leftEvents) events wait in outboxes, sealed with an older key: they go when they are published."
            )
        }
        if done.isOvertaken {
            Output.line("Another key has begun to seal meanwhile: run this again, and what is left is sealed with it.")
        }
        guard done.unreadable == 0 else {
            throw CommandFailure(
                "\(done.unreadable) records could not be opened and stay as they are, among them in "
                    + done.unreadableKeys.joined(separator: ", "))
        }
    }
}
