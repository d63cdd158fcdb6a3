import ArgumentParser

/// How long a command that asks a worker waits for each reply.
struct ReplyTimeout: ParsableArguments {
    @Option(help: ArgumentHelp("Seconds to wait for each reply, 1 to 3600.", valueName: "s"))
    var timeout = 10

    var duration: Duration { .seconds(timeout) }

    func validate() throws {
        guard (1...3600).contains(timeout) else { throw ValidationError("--timeout must be from 1 to 3600.") }
    }
}
