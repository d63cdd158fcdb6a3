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

    @Argument(help: ArgumentHelp("A file with the policy, a JSON object; - is standard input.", valueName: "file"))
    var file: String

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
        for change in changes { Output.line(PrintableText.escaped(change)) }
        Output.note(changes.isEmpty ? "it is in force; nothing has changed" : "it is in force within a second")
    }
}

/// `sojourn policy remove`.
struct PolicyRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a policy that was put for a tenant.",
        discussion:
            "That of the policy file with the same name is in force again, if there is one; otherwise `default`.")

    @Argument(help: "The policy's name.")
    var name: String

    @OptionGroup var options: PolicyOptions

    func run() async throws {
        let data = try await options.client.withClient { client in
            try await client.carryOut(
                "policy.remove", ["name": .string(name), "tenant": .string(options.tenant)],
                timeout: options.reply.duration)
        }
        Output.note(data["policy"] == nil ? "it is removed" : "it is removed; that of the policy file is in force")
    }
}
