import ArgumentParser
import SessionContract

/// Says that a subcommand does not exist, and which may be meant. The parser only says that the word was not expected.
enum UnknownCommand {
    /// - Returns: `nil` if the arguments do not name an unknown subcommand.
    static func sentence(_ arguments: some Sequence<String>, of root: CommandConfiguration) -> String? {
        var command = root
        var path = name(of: root)
        for word in arguments {
            let subcommands = command.subcommands.map { type in type.configuration }
            // An option ends the names, and a command without subcommands has arguments.
            guard !subcommands.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            guard let next = subcommands.first(where: { name(of: $0) == word }) else {
                let names = subcommands.map { name(of: $0) }
                return "there is no command `\(path) \(word)`\(NearestName.question(for: word, among: names))\n"
                    + "Its commands are \(names.joined(separator: ", ")). See '\(path) --help'."
            }
            command = next
            path += " \(word)"
        }
        return nil
    }

    private static func name(of command: CommandConfiguration) -> String { command.commandName ?? "" }
}
