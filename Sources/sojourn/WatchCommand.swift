import ArgumentParser
import SessionContract
import SessionCore
import SojournClient
import WorkerCommandLine

/// `sojourn watch`: prints events as they happen.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Print lifecycle events as they happen, until Ctrl-C.",
        discussion: "Watching takes no events away from other consumers. Events from before it started are not shown.")

    @Argument(
        help: "Pattern of event types, as in a topic binding: * matches one word, # any number.",
        completion: .list(Event.Kind.allCases.map(\.rawValue)))
    var pattern = "#"

    @Option(help: "Only events of this tenant.")
    var tenant: String?

    @Option(
        help: ArgumentHelp(
            "Only events of this subject. Process lists show it: --subject-file keeps it out of them.",
            valueName: "name"))
    var subject: String?

    @Option(
        help: ArgumentHelp("Read the subject from the only line of this file; - is standard input.", valueName: "file"),
        completion: .file())
    var subjectFile: String?

    @Option(help: ArgumentHelp("Only events of this session.", valueName: "id"))
    var session: String?

    @Flag(help: "Print each event as a CloudEvent in JSON, one per line.")
    var json = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard subject == nil || subjectFile == nil else {
            throw ValidationError("Give --subject or --subject-file, not both.")
        }
        let types = Event.Kind.allCases.map(\.rawValue)
        guard let pattern = TopicPattern(pattern) else {
            throw ValidationError(
                "The pattern must be words of letters, digits, _ and - separated by dots; * and # stand for whole words."
            )
        }
        guard types.contains(where: pattern.matches) else {
            throw ValidationError(
                "No event is called \(pattern.text)\(NearestName.question(for: pattern.text, among: types)) The events are "
                    + types.joined(separator: ", ") + ".")
        }
    }

    func run() async throws {
        let name = try subject ?? subjectFile.map { try Input.line(of: $0, option: "--subject-file") }
        try await client.withClient { client in
            let events = try await client.events(.temporary(), matching: pattern)
            Output.note("watching \(pattern), until Ctrl-C")
            for try await event in events
            where (tenant ?? event.tenant) == event.tenant && (name ?? event.subject).isExactly(event.subject)
                && (session ?? event.sessionID) == event.sessionID
            {
                if json { Output.json(event.json) } else { Output.line(ReadableEvent.text(of: event.json)) }
            }
        }
    }
}

/// Formats an event for a person, on one line.
enum ReadableEvent {
    static func text(of event: [UInt8]) -> String {
        guard let event = try? JSONReader.read(event).object, let data = event.object("data") else {
            return PrintableText.escaped(String(decoding: event, as: UTF8.self))
        }
        let parts = [
            event.text("time"), event.text("type"), data.text("sessionId"),
            data.text("subject").map { "subject=\($0)" }, data.text("reason").map { "reason=\($0)" },
            event.text("sequence").map { "#\($0)" },
        ]
        return parts.compactMap(\.self).map { PrintableText.escaped($0) }.joined(separator: "  ")
    }
}
