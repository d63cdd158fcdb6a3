import ArgumentParser
import SessionContract
import SessionCore
import SojournClient
import WorkerCommandLine

/// `sojourn sessions end`.
struct SessionsEndCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end", abstract: "End sessions, by their ids or all of a subject.",
        discussion: """
            Their children end with them. Once it returns, no worker takes them for valid any more. It prints the ids of \
            the sessions that it ended, one per line.
            """)

    @Option(
        name: .customLong("session"), help: ArgumentHelp("The id of a session; may be repeated.", valueName: "id"))
    var sessions: [String] = []

    @OptionGroup var subject: SubjectOptions

    @Flag(help: "All sessions of the subject.")
    var all = false

    @Option(help: ArgumentHelp("With --all: the session to spare.", valueName: "id"))
    var except: String?

    @Option(help: ArgumentHelp("Why, in the event: up to 64 of a-z 0-9 _.", valueName: "word"))
    var reason: String?

    @Flag(name: .shortAndLong, help: "Do not ask before ending several sessions of a subject.")
    var yes = false

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var reply: ReplyTimeout

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard sessions.isEmpty == subject.isGiven else {
            throw ValidationError("Give --session, or --subject or --subject-file with --all.")
        }
        guard subject.isGiven == all else {
            throw ValidationError(
                all ? "--all is about a subject: give --subject." : "Give --all to end all of the subject's sessions.")
        }
        guard except == nil || all else { throw ValidationError("--except is only for --all.") }
    }

    func run() async throws {
        // Standard input is read before anybody is asked.
        let name = all ? try subject.read() : nil
        let ended = try await client.withClient { try await end(name, $0) }
        guard let ended else { return }
        tell(ended.ids)
        if !ended.areAll { throw ExitCode.failure }
    }

    /// - Parameter name: the subject all of whose sessions are ended, if any.
    /// - Returns: what has ended, and whether that is everything; nil if a person said no.
    private func end(_ name: String?, _ client: SessionClient) async throws -> (ids: [String], areAll: Bool)? {
        var ended: [String] = []
        var areAllEnded = true
        if let name {
            guard try await confirm(name, client) else { return nil }
            var body: JSONObject = ["subject": .string(name)]
            body["except"] = except.map { .string($0) }
            ended = try await end(body, client)
            areAllEnded = !ended.isEmpty
        }
        for id in sessions {
            let found = try await end(["sessionId": .string(id)], client)
            if found.isEmpty { Output.note("there is no living session \(PrintableText.escaped(id))") }
            areAllEnded = areAllEnded && !found.isEmpty
            ended += found
        }
        return (ended, areAllEnded)
    }

    private func end(_ what: JSONObject, _ client: SessionClient) async throws -> [String] {
        var body = what
        body["tenant"] = .string(subject.tenant)
        body["reason"] = reason.map { .string($0) }
        let data = try await client.carryOut("session.revoke", body, timeout: reply.duration)
        return data.texts("revoked") ?? []
    }

    /// Whether to go on: a person is asked before several sessions end.
    private func confirm(_ name: String, _ client: SessionClient) async throws -> Bool {
        guard !yes else { return true }
        let pages = SessionPages(
            client: client, subject: name, tenant: subject.tenant, includesEnded: false, timeout: reply.duration)
        let (sessions, areMore) = try await pages.sessions(limit: 1000)
        let spared = sessions.contains { $0["id"] == except.map { .string($0) } } ? 1 : 0
        let count = sessions.count - spared
        guard count > 1 else { return true }
        return try Question.ask("end \(areMore ? "more than " : "")\(count) sessions?")
    }

    private func tell(_ ended: [String]) {
        if json {
            Output.json(
                JSONWriter.object { json in
                    json.member("revoked", ended)
                    json.member("count", ended.count)
                })
        } else {
            for id in ended { Output.line(id) }
            Output.note(ended.count == 1 ? "1 session has ended" : "\(ended.count) sessions have ended")
        }
    }
}
