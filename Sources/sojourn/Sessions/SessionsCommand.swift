import ArgumentParser

/// `sojourn sessions …`: sessions, one or those of a subject.
struct SessionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions", abstract: "List, show or end sessions.",
        discussion: """
            Asks a worker, with the commands session.list, .get, .activity and .revoke, so the user of RabbitMQ must be permitted to \
            send them.

            Exits with 0 if it was done; 1 if it was refused, or if there was nothing to end; 64 if called incorrectly; 69 \
            if RabbitMQ cannot be reached or no worker answers; 77 if this user may not do it; 78 if the configuration is \
            invalid.
            """,
        subcommands: [SessionsListCommand.self, SessionsShowCommand.self, SessionsEndCommand.self])
}
