import ArgumentParser
import Glibc
import SessionEngine
import WorkerCommandLine
import WorkerRuntime

/// `sojourn verify`: says whether a token is good, and why not.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Say what a token is, whether it is valid, why not, and what helps.",
        discussion: """
            The token comes from a file or from standard input, never from the command line, where others could see it; and it is \
            never printed.

            Without --worker nobody is asked. An access token is checked as a service would: signature, issuer, audience and \
            times, with the keys that a worker publishes or with the keyring. What has happened to its session \
            only a worker knows, and so it is with session tokens:

              sojourn verify --keys http://127.0.0.1:9490/.well-known/jwks.json <token.txt
              sojourn verify --keyring-file keyring.json --token-file token.txt
              sojourn verify --worker --token-file token.txt

            With --worker, a worker is asked by session.validate, without counting as activity.

            Exits with 0 if the token is valid; 1 if it is not; with anything else if that is not decided: 64 if called \
            incorrectly, or if only a worker can tell; 69 if the keys, RabbitMQ or a worker cannot be reached; 77 if this \
            user may not ask; 78 if the configuration is invalid, or there are no keys.
            """)

    @Option(
        help: ArgumentHelp(
            "Read the token from the only line of this file; - is standard input, which is also the default.",
            valueName: "file"), completion: .file())
    var tokenFile: String?

    /// So that the parser does not repeat a token that somebody gives as an argument.
    @Argument(help: .hidden) var stray: [String] = []

    @Flag(help: "Ask a worker.")
    var worker = false

    @Option(help: "With --worker: the tenant.")
    var tenant = "default"

    @OptionGroup(title: "Checking offline") var offline: OfflineOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup(title: "Asking a worker") var reply: ReplyTimeout

    @OptionGroup(title: "Installation") var client: ClientOptions

    func validate() throws {
        guard stray.isEmpty else {
            throw ValidationError(
                "A token on the command line can be seen by others: give it on standard input, or with --token-file.")
        }
        guard !worker || !offline.isGiven else {
            throw ValidationError("Give --worker, or the keys to check without one, not both.")
        }
        guard tokenFile != nil || isatty(STDIN_FILENO) == 0 else {
            throw ValidationError("Give the token with --token-file, or on standard input.")
        }
    }

    func run() async throws {
        let token = try Input.line(of: tokenFile ?? "-", option: "--token-file")
        let form = TokenForm(token)
        let judgement: TokenJudgement
        if form == .sessionID || form == .unknown {
            judgement = TokenJudgement(
                form, refusedFor: "malformed", because: TokenForm.defect(of: token) ?? form.purpose)
        } else if let defect = TokenForm.defect(of: token) {
            judgement = TokenJudgement(form, refusedFor: "malformed", because: defect)
        } else if worker {
            judgement = try await WorkerOpinion(client: client, tenant: tenant, timeout: reply.duration)
                .judge(token, form)
        } else {
            judgement = try await offline.judge(token, form, client)
        }
        if json { Output.json(judgement.json) } else { judgement.print(at: .wallClock) }
        if judgement.status != .success { throw judgement.status }
    }
}
