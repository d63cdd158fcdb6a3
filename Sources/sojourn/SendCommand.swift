import ArgumentParser
import SessionContract
import SessionCore
import SojournClient
import WorkerCommandLine

/// `sojourn send`: publishes a command, waits for the reply, prints it.
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send a command and print its reply.",
        discussion: """
            Fields are key=text or key:=JSON; dots nest:

              sojourn send session.create subject=alice device.name=Firefox idleSeconds:=600

            A token on the command line is visible in the process list: pass bodies that contain one with --body -.
            Exits with 0 if the command succeeded, with 1 if it was rejected, if it failed or if the validated token is not \
            valid, and with 69 if there was no answer.
            """)

    @Argument(help: "The command, such as session.create.", completion: .list(CommandName.all.map(\.rawValue)))
    var command: String

    @Argument(help: ArgumentHelp("Fields of the body: key=text, key:=JSON.", valueName: "field"))
    var fields: [String] = []

    @Option(
        help: ArgumentHelp("Read the body, a JSON object, from this file; - is standard input.", valueName: "file"),
        completion: .file())
    var body: String?

    @Option(help: ArgumentHelp("The command's message_id. (default: a random one)", valueName: "id"))
    var messageID: String?

    @Flag(help: "Print the reply as it arrived, in JSON.")
    var json = false

    @OptionGroup var reply: ReplyTimeout

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard fields.isEmpty || body == nil else { throw ValidationError("Give fields or --body, not both.") }
        _ = try Fields.object(from: fields)
    }

    func run() async throws {
        let content =
            try body.map { try Input.content(of: $0, option: "--body") }
            ?? JSONWriter.bytes(of: Fields.object(from: fields))
        let options = CommandOptions(id: messageID, timeout: self.reply.duration)
        let reply = try await client.withClient { try await $0.send(command, body: content, options: options) }
        if json { Output.json(reply) } else { Output.line(ReadableReply.text(of: reply)) }
        guard ReadableReply.isYes(reply) else { throw ExitCode.failure }
    }
}
