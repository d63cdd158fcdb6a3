import ArgumentParser
import Glibc
import SojournClient
import SojournVerifier

/// Verifies the tokens that its standard input names, for tests that take servers away meanwhile.
struct DecideCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide",
        abstract: "Verify access tokens, one a line of standard input, and print the reasons: accepted, revoked, ….",
        discussion: "An empty line prints how much the verifier knows: trusted or not.")

    @OptionGroup var installation: InstallationOptions

    @Option(help: "The name of a durable queue for events; a temporary one by default.")
    var queue: String?

    @Option(help: "How long nothing may be heard from the broker, in seconds.")
    var maximumSilence = 15

    @Flag(help: "Ask the worker about what cannot be decided.")
    var askWorker = false

    func run() async throws {
        var configuration = installation.verifier
        configuration.whenUndecided = askWorker ? .askWorker : .refuse
        configuration.limits.maximumSilence = .seconds(maximumSilence)
        if let queue { configuration.queue = .durable(queue, expiresAfter: .seconds(600), limit: 10_000) }
        let client = try SessionClient(installation.client)
        let verifier = try SessionVerifier(configuration, client)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            group.addTask { await verifier.run() }
            await answer(verifier)
            group.cancelAll()
        }
    }

    private func answer(_ verifier: SessionVerifier) async {
        // Reading blocks its thread, of which nobody else has need: the client's are others.
        while let line = readLine() {
            if line.isEmpty {
                write(verifier.freshness.isTrusted ? "trusted" : "untrusted")
                continue
            }
            do {
                _ = try await verifier.verify(line)
                write("accepted")
            } catch {
                write("\(error.reason)")
            }
        }
    }

    /// At once, because somebody waits for it.
    private func write(_ answer: String) {
        print(answer)
        fflush(nil)
    }
}
