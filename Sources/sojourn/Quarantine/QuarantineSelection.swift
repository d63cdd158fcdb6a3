import ArgumentParser
import SessionContract

/// Which messages in quarantine are meant, by what is wrong with them.
struct QuarantineSelection: ParsableArguments {
    @Option(help: ArgumentHelp("Only messages with this reason, such as invalid_field.", valueName: "code"))
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "Only these commands, a pattern as in a topic binding: * matches one word, # any number.",
            valueName: "pattern"))
    var command: String?

    var isEverything: Bool { reason == nil && command == nil }

    func validate() throws {
        guard command.map({ TopicPattern($0) != nil }) ?? true else {
            throw ValidationError(
                "--command must be words of letters, digits, _ and - separated by dots; * and # stand for whole words.")
        }
    }

    func includes(_ message: QuarantinedMessage) -> Bool {
        if let reason, message.reason != reason { return false }
        guard let pattern = command.flatMap({ TopicPattern($0) }) else { return true }
        return pattern.matches(message.routingKey)
    }
}

/// The messages that `replay` and `drop` are about: by their ids, or by what is wrong with them.
struct QuarantineTargets: ParsableArguments {
    @Argument(help: ArgumentHelp("The messages' ids, from `sojourn quarantine list`.", valueName: "id"))
    var ids: [String] = []

    @Flag(help: "All messages.")
    var all = false

    @OptionGroup var selection: QuarantineSelection

    @Option(help: ArgumentHelp("At most so many messages.", valueName: "n"))
    var limit: Int?

    @Flag(name: .shortAndLong, help: "Do not ask before acting on messages that are not named by their ids.")
    var yes = false

    func validate() throws {
        guard limit.map({ $0 > 0 }) ?? true else { throw ValidationError("--limit must be at least 1.") }
        guard !ids.isEmpty || all || !selection.isEverything else {
            throw ValidationError("Say which messages: their ids, --reason, --command, or --all.")
        }
        guard ids.isEmpty || (!all && selection.isEverything) else {
            throw ValidationError("Give ids, or --all, --reason and --command, not both.")
        }
        guard ids.isEmpty || limit == nil else { throw ValidationError("Give ids or --limit, not both.") }
    }

    var mostCount: Int { limit ?? .max }

    func include(_ message: QuarantinedMessage) -> Bool {
        ids.isEmpty ? selection.includes(message) : ids.contains(message.id)
    }
}
