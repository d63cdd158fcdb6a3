import ArgumentParser

/// Not shipped: a verifier for tests to play with, and what docs/verification.md says about its cost.
@main
struct TrialProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sojourn-verifier-trial",
        abstract: "Try the verification of access tokens, and measure it.",
        subcommands: [DecideCommand.self, TimesCommand.self, MemoryCommand.self, RevocationsCommand.self])
}
