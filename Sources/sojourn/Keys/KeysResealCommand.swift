import ArgumentParser
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine
import SessionStorage
import WorkerCommandLine
import WorkerRuntime

/// `sojourn keys reseal`.
struct KeysResealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reseal",
        abstract: "Reseal everything in a namespace with the current key, while workers keep running.",
        discussion: """
            It may be interrupted and repeated. It never overwrites a worker's concurrent writes.
            """)

    @Option(help: .setting(.keyringFile)) var keyringFile: String?

    @Option(help: .setting(.keyringCommand)) var keyringCommand: String?

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var store: StoreOptions

    func run() async throws {
        let configuration = try await store.read(
            with: [.keyringFile: keyringFile, .keyringCommand: keyringCommand], needsKeyring: true)
        let keyring = try await configuration.keyring()
        if let waiting = keyring.waiting(at: .wallClock) {
            throw CommandFailure(
                "the key \(waiting.id) starts sealing at \(waiting.from.rfc3339): reseal after that")
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
        if json { Output.json(Self.json(done)) } else { tell(done) }
        guard done.unreadable == 0 else {
            throw CommandFailure(
                "\(done.unreadable) records could not be opened and are unchanged, for example in "
                    + done.unreadableKeys.joined(separator: ", "))
        }
    }

    private func tell(_ done: ResealProgress) {
        Output.line("Checked \(done.records) records and resealed \(done.resealed) of them.")
        if done.leftEvents > 0 {
            Output.line(
                "\(done.leftEvents) events in outboxes are sealed with an older key: they leave once published."
            )
        }
        if done.isOvertaken {
            Output.line("Another key started sealing in the meantime: run this again to reseal with it.")
        }
    }

    private static func json(_ done: ResealProgress) -> [UInt8] {
        JSONWriter.object { json in
            json.member("records", done.records)
            json.member("resealed", done.resealed)
            json.member("unreadable", done.unreadable)
            json.member("leftEvents", done.leftEvents)
            json.member("overtaken", done.isOvertaken)
        }
    }
}
