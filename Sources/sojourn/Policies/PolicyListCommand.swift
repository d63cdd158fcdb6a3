import ArgumentParser
import SessionContract
import SessionCore
import SojournClient
import WorkerCommandLine

/// `sojourn policy list`.
struct PolicyListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the policies in force for a tenant, and what they change of the defaults.")

    @Flag(help: "Print each policy as a JSON object, one per line, with every setting.")
    var json = false

    @OptionGroup var options: PolicyOptions

    func run() async throws {
        let policies = try await options.client.withClient { try await $0.policies(options) }
        let defaults = PolicyText(SessionPolicy())
        for (name, policy) in policies {
            if json {
                Output.json(JSONWriter.bytes(of: ["name": .string(name), "policy": .object(policy)]))
                continue
            }
            let changes = defaults.changes(to: PolicyText(policy))
            Output.line(PrintableText.escaped(name) + (changes.isEmpty ? ": all defaults" : ""))
            for change in changes { Output.line("  " + PrintableText.escaped(change)) }
        }
    }
}

extension SessionClient {
    /// The policies in force for a tenant, by name, with every key.
    func policies(_ options: PolicyOptions) async throws -> [(name: String, policy: JSONObject)] {
        let data = try await carryOut(
            "policy.list", ["tenant": .string(options.tenant)], timeout: options.reply.duration)
        guard case .array(let policies) = data["policies"] else {
            throw CommandFailure("the reply has no policies: is the worker of another version?")
        }
        return policies.compactMap { each in
            guard let each = each.object, let name = each.text("name"), let policy = each.object("policy") else {
                return nil
            }
            return (name, policy)
        }
    }
}
