import ArgumentParser
import SessionContract
import SessionCore
import SojournClient

/// `sojourn policy remove`.
struct PolicyRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a policy that was put for a tenant.",
        discussion:
            "That of the policy file with the same name is in force again, if there is one; otherwise `default`.")

    @Argument(help: "The policy's name.")
    var name: String

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var options: PolicyOptions

    func run() async throws {
        let data = try await options.client.withClient { client in
            try await client.carryOut(
                "policy.remove", ["name": .string(name), "tenant": .string(options.tenant)],
                timeout: options.reply.duration)
        }
        let isRestored = data["policy"] != nil
        if json {
            return options.printJSON(about: name) { json in json.member("restored", isRestored) }
        }
        Output.note(isRestored ? "it is removed; that of the policy file is in force" : "it is removed")
    }
}
