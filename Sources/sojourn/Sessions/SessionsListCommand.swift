import ArgumentParser
import SessionContract
import SessionCore
import SojournClient
import WorkerCommandLine

/// `sojourn sessions list`.
struct SessionsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the sessions of a subject, each child after its parent.",
        discussion: """
            The columns are the id, the status, the assurance level, when the session began, was last active and expires \
            unless it is used, the device, and where it was last.
            """)

    @OptionGroup var subject: SubjectOptions

    @Flag(help: "Also sessions that have ended and are still kept.")
    var ended = false

    @Option(help: ArgumentHelp("The maximum number to list, 1 to 100000.", valueName: "n"))
    var limit = 1000

    @Flag(help: "Print each session as a JSON object, one per line.")
    var json = false

    @OptionGroup var reply: ReplyTimeout

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard subject.isGiven else { throw ValidationError("Give --subject or --subject-file.") }
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 100000.") }
    }

    func run() async throws {
        let name = try subject.read()
        let (sessions, areMore) = try await client.withClient { client in
            let pages = SessionPages(
                client: client, subject: name, tenant: subject.tenant, includesEnded: ended, timeout: reply.duration)
            return try await pages.sessions(limit: limit)
        }
        if json {
            for session in sessions { Output.json(JSONWriter.bytes(of: session)) }
        } else {
            SessionTable.print(sessions)
        }
        if sessions.isEmpty {
            Output.note(ended ? "the subject has no sessions" : "the subject has no living sessions")
        }
        if areMore { Output.note("there are more: --limit shows them") }
    }
}
