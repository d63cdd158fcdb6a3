import ArgumentParser
import SessionContract
import WorkerCommandLine

/// `sojourn policy …`.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Check, compare and set policies.",
        discussion: """
            `check` reads a policy file as a worker does, and connects to nothing. The others ask a worker, with the commands \
            policy.list, policy.put and policy.remove, for which the user of RabbitMQ needs permission.

            Exits with 0 if it was done, or if nothing differs; 1 if a file is not valid, if there are differences, or if it was \
            refused; 64 if called incorrectly; 69 if RabbitMQ cannot be reached or no worker answers; 77 if this user may \
            not do it; 78 if the configuration is invalid.
            """,
        subcommands: [
            PolicyCheckCommand.self, PolicyListCommand.self, PolicyDiffCommand.self, PolicyPutCommand.self,
            PolicyRemoveCommand.self,
        ])
}

/// Whose policy, and how to reach a worker.
struct PolicyOptions: ParsableArguments {
    @Option(help: "The tenant.")
    var tenant = "default"

    @OptionGroup var reply: ReplyTimeout

    @OptionGroup var client: ClientOptions

    /// Prints what has become of a policy, as a JSON object.
    func printJSON(about name: String, _ outcome: (inout JSONWriter) -> Void) {
        Output.json(
            JSONWriter.object { json in
                json.member("name", name)
                json.member("tenant", tenant)
                outcome(&json)
            })
    }
}
