import ArgumentParser
import SessionContract
import SojournClient
import WorkerCommandLine

/// `sojourn quarantine list`.
struct QuarantineListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the quarantined messages, one per line, oldest first.",
        discussion: """
            The columns are the id, when it was quarantined, the reason, the command, how often it was delivered, the size \
            of its body in bytes, and what was wrong.
            """)

    @OptionGroup var selection: QuarantineSelection

    @Option(help: ArgumentHelp("The maximum number to list, 1 to 10000.", valueName: "n"))
    var limit = 50

    @Flag(help: "Print each message as a JSON object, one per line.")
    var json = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 10000.") }
    }

    func run() async throws {
        let (found, seen, total) = try await client.withQuarantine(try await client.read()) { _, reader in
            var found: [QuarantinedMessage] = []
            var seen = 0
            while found.count < limit, let delivery = try await reader.next() {
                seen += 1
                let message = QuarantinedMessage(delivery, keepsBody: false)
                if selection.includes(message) { found.append(message) }
            }
            return (found, seen, reader.total)
        }
        if json {
            for message in found { Output.json(message.json) }
        } else {
            QuarantineTable.print(found)
        }
        if total == 0 {
            Output.note("the quarantine is empty")
        } else if seen < total {
            let listed = "\(found.count) of \(total) messages"
            Output.note(
                selection.isEverything
                    ? "\(listed): --limit shows more" : "\(listed), after \(seen): --limit shows more")
        } else if found.isEmpty {
            Output.note("none of \(total) messages matches")
        }
    }
}
