import ArgumentParser
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine
import WorkerCommandLine
import WorkerRuntime

/// `sojourn keys retire FILE ID`.
struct KeysRetireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Remove a key that no longer seals or signs, if nothing needs it any more.",
        discussion: """
            Data sealed with a removed key is lost, so this first checks everything in the namespace. If several \
            namespaces share the keyring, run `sojourn keys reseal` in each first: this only checks one.

            Access tokens signed with a removed key are rejected even if their session is alive. So a key can be removed \
            only once all tokens it signed have expired.
            """)

    @Argument(help: "The keyring file.", completion: .file())
    var file: String

    @Argument(help: "The key's id, from `sojourn keys list`.")
    var id: String

    @Option(
        help: ArgumentHelp(
            "The longest accessTokenSeconds of your policies, including those set by command.", valueName: "s"))
    var accessTokenSeconds = SessionPolicy().accessTokenSeconds

    @Flag(
        help: """
            Remove it without checking. Sessions and results sealed with it are lost, and their subjects and the \
            access tokens it signed are rejected.
            """)
    var force = false

    @Flag(help: "Print a JSON object.")
    var json = false

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
            // Fail before the long check if the key cannot be removed anyway.
            _ = try keyring.retired(id, at: now, accessTokenSeconds: accessTokenSeconds, force: force)
            if !force { try await check(keyring) }
            try Keyring.change(at: file) { keyring throws(KeyringError) in
                try keyring.retired(id, at: now, accessTokenSeconds: accessTokenSeconds, force: force)
            }
        } catch let error as KeyringError {
            throw CommandFailure(error.description)
        }
        if json {
            return Output.json(
                JSONWriter.object { json in
                    json.member("file", file)
                    json.member("removed", id)
                    json.member("checked", !force)
                })
        }
        Output.line("Removed the key \(id) from \(file).")
        if force { Output.line("Nothing was checked: whatever was sealed with it is lost.") }
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
                    + "run `sojourn keys reseal` first; events waiting to be published leave by themselves")
        }
    }
}
