import ArgumentParser
import SessionContract
import SessionCore
import SojournClient

/// `sojourn policy put`.
struct PolicyPutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Put a policy for a tenant, and show what has changed.",
        discussion: """
            The policy is whole: a setting that is not in the file has its default. It is in force on every worker within a second, \
            for living sessions too; `sojourn policy diff` shows before what would change.
            """)

    @Argument(help: "The policy's name.")
    var name: String

    @Argument(
        help: ArgumentHelp("A file with the policy, a JSON object; - is standard input.", valueName: "file"),
        completion: .file())
    var file: String

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var options: PolicyOptions

    func run() async throws {
        let new = try PolicyFile(file).policy()
        let changes = try await options.client.withClient { client in
            let before = try await client.policies(options).first { $0.name == name }.map { PolicyText($0.policy) }
            _ = try await client.carryOut(
                "policy.put",
                ["name": .string(name), "policy": .object(new.object), "tenant": .string(options.tenant)],
                timeout: options.reply.duration)
            return (before ?? PolicyText(SessionPolicy())).changes(to: PolicyText(new.policy))
        }
        if json {
            return options.printJSON(about: name) { json in json.member("changes", changes) }
        }
        for change in changes { Output.line(PrintableText.escaped(change)) }
        Output.note(changes.isEmpty ? "it is in force; nothing has changed" : "it is in force within a second")
    }
}
