import ArgumentParser
import SessionContract
import SessionCore

/// `sojourn policy check`.
struct PolicyCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a policy file, and show what its policies change of the defaults.",
        discussion: "The file is a JSON object, policy name → policy, as for SOJOURN_POLICY_FILE.")

    @Argument(help: ArgumentHelp("The policy file; - is standard input.", valueName: "file"), completion: .file())
    var file: String

    @Flag(help: "Print the policies, with every setting, as a JSON object.")
    var json = false

    func run() throws {
        let policies = try PolicyFile(file).catalogue().all(of: "default")
        if json {
            var object = JSONObject()
            for (name, policy) in policies { object[name.text] = .object(PolicyText.object(of: policy)) }
            return Output.json(JSONWriter.bytes(of: object))
        }
        let defaults = PolicyText(SessionPolicy())
        for (name, policy) in policies {
            let changes = defaults.changes(to: PolicyText(policy))
            Output.line("\(name.text)\(changes.isEmpty ? ": all defaults" : "")")
            for change in changes { Output.line("  \(change)") }
        }
    }
}
