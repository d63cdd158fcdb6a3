import ArgumentParser
import SessionContract
import SessionCore
import SojournClient

/// `sojourn policy diff`.
struct PolicyDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Show what putting a policy would change.",
        discussion: "Exits with 1 if anything would change, or if there is no such policy yet.")

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
        let new = try PolicyFile(file).policy().policy
        let policies = try await options.client.withClient { try await $0.policies(options) }
        let present = policies.first { $0.name == name }.map { PolicyText($0.policy) }
        let changes = (present ?? PolicyText(SessionPolicy())).changes(to: PolicyText(new))
        if json {
            Output.json(
                JSONWriter.object { json in
                    json.member("exists", present != nil)
                    json.member("changes", changes)
                })
        } else {
            if present == nil {
                Output.note("there is no policy \(PrintableText.escaped(name)) yet: compared with the defaults")
            }
            for change in changes { Output.line(PrintableText.escaped(change)) }
            if changes.isEmpty, present != nil { Output.note("nothing would change") }
        }
        guard changes.isEmpty, present != nil else { throw ExitCode.failure }
    }
}
