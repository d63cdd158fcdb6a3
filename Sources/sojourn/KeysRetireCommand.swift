import ArgumentParser
import SessionContract
import SessionCore
import SessionCrypto
import SessionWorker
import SojournWorker

/// `sojourn keys retire FILE ID`.
struct KeysRetireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Remove a key that seals and signs no more, if nothing needs it any more.",
        discussion: """
            What is sealed with a key that is gone is lost. So everything in the namespace is looked at first. A keyring \
            that serves several namespaces is looked after in one of them at a time: `sojourn keys reseal` each before.

            An access token that was signed with a key that is gone is refused, however good its session. So a key goes \
            when the tokens have expired that were signed before the next one took over.
            """)

    @Argument(help: "The keyring.")
    var file: String

    @Argument(help: "The key, as `sojourn keys list` shows it.")
    var id: String

    @Option(
        help: ArgumentHelp(
            "The longest accessTokenSeconds of your policies, those that tenants put included.", valueName: "s"))
    var accessTokenSeconds = SessionPolicy().accessTokenSeconds

    @Flag(
        help: """
            Remove it at once, unseen. Sessions and results that are sealed with it are lost, their subjects and its \
            access tokens refused.
            """)
    var force = false

    @OptionGroup var store: StoreOptions

    func validate() throws {
        guard (1...ObjectReader.maxSeconds).contains(accessTokenSeconds) else {
            throw ValidationError("--access-token-seconds must be from 1 to \(ObjectReader.maxSeconds).")
        }
    }

    func run() async throws {
        let now = Timestamp.wallClock
        do {
            let keyring = try FileKeyProvider(path: file).keyring()
            // What cannot be done at all is told before the long look.
            _ = try keyring.retired(id, at: now, accessTokenSeconds: accessTokenSeconds, force: force)
            if !force { try await check(keyring) }
            try Keyring.change(at: file) { keyring throws(KeyringError) in
                try keyring.retired(id, at: now, accessTokenSeconds: accessTokenSeconds, force: force)
            }
        } catch let error as KeyringError {
            throw CommandFailure(error.description)
        }
        Output.line("Removed the key \(id) from \(file).")
        if force { Output.line("Nobody looked whether anything needed it: what was sealed with it is lost.") }
    }

    private func check(_ keyring: Keyring) async throws {
        let configuration = try await store.read()
        let progress = ProgressLine()
        let count: Int
        do {
            count = try await KeyMaintenance.run(configuration, keyring: keyring) { maintenance in
                try await maintenance.countByKey { progress.show($0) }[id] ?? 0
            }
        } catch {
            progress.end()
            throw CommandFailure(of: error)
        }
        progress.end()
        guard count == 0 else {
            throw CommandFailure(
                "\(count) records of the namespace \(configuration.namespace) are sealed with \(id) and would be lost: "
                    + "run `sojourn keys reseal` first; events that wait to be published go away by themselves")
        }
    }
}
