import ArgumentParser
import SessionContract
import SessionCore
import SojournClient
import WorkerCommandLine

/// `sojourn sessions show`.
struct SessionsShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a session, and what has happened to it.",
        discussion: "Looking is no activity: the session's idle deadline stays.")

    @Argument(help: "The id of the session.")
    var id: String?

    @Option(
        help: ArgumentHelp(
            "Read the session's token from the only line of this file; - is standard input.", valueName: "file"),
        completion: .file())
    var tokenFile: String?

    @Option(help: "The tenant.")
    var tenant = "default"

    @Option(help: ArgumentHelp("How much of what has happened to show, 0 to 200.", valueName: "n"))
    var activity = 10

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var reply: ReplyTimeout

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (id == nil) != (tokenFile == nil) else { throw ValidationError("Give a session's id, or --token-file.") }
        guard (0...200).contains(activity) else { throw ValidationError("--activity must be from 0 to 200.") }
    }

    func run() async throws {
        let token = try tokenFile.map { try Input.line(of: $0, option: "--token-file") }
        let (session, entries) = try await client.withClient { try await look($0, token) }
        if json {
            Output.json(JSONWriter.bytes(of: ["session": .object(session), "activity": .array(entries)]))
            return
        }
        Output.line(ReadableReply.lines(of: session))
        for entry in entries.compactMap(\.object) {
            let parts = [
                entry.text("at") ?? "-", entry.text("action") ?? "-", entry.object("detail")?.text("reason"),
            ]
            Output.line(parts.compactMap(\.self).map { PrintableText.escaped($0) }.joined(separator: "  "))
        }
    }

    private func look(_ client: SessionClient, _ token: String?) async throws -> (JSONObject, [JSONValue]) {
        var body: JSONObject = ["tenant": .string(tenant)]
        body["sessionId"] = id.map { .string($0) }
        body["token"] = token.map { .string($0) }
        let found = try await client.carryOut("session.get", body, timeout: reply.duration)
        guard case .object(let session) = found["session"], let found = session["id"] else {
            throw CommandFailure("the reply has no session: is the worker of another version?")
        }
        guard activity > 0 else { return (session, []) }
        let data = try await client.carryOut(
            "session.activity",
            ["sessionId": found, "tenant": .string(tenant), "limit": .integer(Int64(activity))],
            timeout: reply.duration)
        guard case .array(let entries) = data["entries"] else { return (session, []) }
        return (session, entries)
    }
}
