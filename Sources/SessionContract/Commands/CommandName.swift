package import SessionCore

/// The name of a command, with its traits and its parser.
///
/// Looked up once per delivery. It is a reference to the command's single entry, so copying it is cheap.
package struct CommandName: Sendable {
    private let entry: Entry

    /// The name, which is also the routing key.
    package var rawValue: String { entry.traits.name }
    package var traits: CommandTraits { entry.traits }
    package var changesState: Bool { entry.traits.changesState }

    package init<Type: ReadableCommand>(of type: Type.Type) {
        entry = Entry(type)
    }

    /// The command with exactly this name. Looked up in a table, because comparing with each name in turn was visible
    /// in the profile of a validate.
    package init?(exactly name: String) {
        guard let found = Self.named[ExactText(name)] else { return nil }
        self = found
    }

    package static let all = CommandRegistry.types.map { CommandName(of: $0) }

    /// `CommandRegistryTests` checks that names are unique.
    private static let named = Dictionary(
        all.map { (ExactText($0.rawValue), $0) }, uniquingKeysWith: { first, _ in first })

    func read(from body: inout ObjectReader, tenant: String, by reader: CommandReader) throws(Failure)
        -> any SessionCommand
    {
        try entry.read(&body, tenant, reader)
    }

    private final class Entry: Sendable {
        let traits: CommandTraits
        let read: @Sendable (inout ObjectReader, String, CommandReader) throws(Failure) -> any SessionCommand

        init<Type: ReadableCommand>(_ type: Type.Type) {
            traits = Type.traits
            read = { body, tenant, reader throws(Failure) in try Type.read(from: &body, tenant: tenant, by: reader) }
        }
    }
}

extension CommandName: Hashable {
    package static func == (left: CommandName, right: CommandName) -> Bool {
        left.entry === right.entry || left.rawValue == right.rawValue
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(rawValue)
    }
}

extension CommandName: CustomStringConvertible {
    package var description: String { rawValue }
}
