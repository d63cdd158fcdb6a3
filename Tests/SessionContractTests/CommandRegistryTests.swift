import SessionContract
import SessionCore
import Testing

@Suite("The command registry")
struct CommandRegistryTests {
    @Test("every command has a queue, a parser, schemas, an example and its rows in the contract")
    func whole() throws {
        let problems = try CommandAudit().problems(of: CommandRegistry.types)
        #expect(problems.isEmpty, "\n\(problems.joined(separator: "\n"))")
    }

    @Test("each name is found, byte for byte, with the traits of its type")
    func names() throws {
        for type in CommandRegistry.types {
            let name = try #require(CommandName(exactly: type.traits.name))
            #expect(name.rawValue == type.traits.name)
            #expect(name.changesState == type.traits.changesState)
        }
        // The last letter of the second one is a Kelvin sign.
        for name in ["session.Lock", "session.loc\u{212a}", "session.lock ", ""] {
            #expect(CommandName(exactly: name) == nil)
        }
    }

    /// The problems of one name that `types` cause.
    private func problems(of name: String, in types: [any ReadableCommand.Type]) throws -> [String] {
        try CommandAudit().problems(of: types).compactMap { problem in
            problem.hasPrefix("\(name): ") ? String(problem.dropFirst(name.count + 2)) : nil
        }
    }

    @Test("everything that a new command type lacks is reported")
    func forgotten() throws {
        let name = "session.forgotten"
        #expect(
            try problems(of: name, in: CommandRegistry.types + [Forgotten.self]) == [
                "add schemas/commands/\(name).json, the schema of its body",
                "add schemas/results/\(name).json, the schema of its result",
                "add schemas/examples/commands/\(name)/, with a body that it is read from",
                "add schemas/examples/results/\(name)/, with a result",
                "add schemas/examples/invalid/commands/\(name)/, with a body that is refused and how",
                "add its channel, operation and messages to schemas/asyncapi.yaml",
                "add a row to the table of docs/contract.md, section 3",
                "add it to the row of N.commands.validate in docs/contract.md, section 1",
                "it changes nothing, so add it to the list of message_id in docs/contract.md, section 2",
            ])
    }

    @Test("a command that is not in the registry is reported, wherever else it appears")
    func unregistered() throws {
        let others = CommandRegistry.types.filter { $0 != RefreshSession.self }
        #expect(
            try problems(of: "session.refresh", in: others) == [
                "add its type to CommandRegistry.types in Sources/SessionContract/Commands/CommandRegistry.swift"
            ])
    }

    @Test("a name used by two types is reported")
    func twice() throws {
        let problems = try CommandAudit().problems(of: CommandRegistry.types + [SecondRefresh.self])
        #expect(
            problems.contains("session.refresh: RefreshSession and SecondRefresh have this name: change one of them"))
    }

    @Test("a name in the family of another queue is reported, because it would be delivered twice")
    func family() throws {
        let problems = try problems(of: "policy.stray", in: CommandRegistry.types + [StrayPolicy.self])
        #expect(
            problems.contains(
                "its name is bound to [\"validate\", \"admin\"] and should be to validate alone: "
                    + "change its name or its traits' work in Sources/SessionCore/Commands"))
    }
}

private protocol Fake: ReadableCommand {
    init()
}

extension Fake {
    var about: CommandTarget { .policies }

    static func read(from body: inout ObjectReader, tenant: String, by reader: CommandReader) throws(Failure) -> Self {
        Self()
    }

    func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        .granted(.policies([]))
    }
}

private struct Forgotten: Fake {
    static let traits = CommandTraits("session.forgotten", work: .validate, changesState: false)
}

private struct SecondRefresh: Fake {
    static let traits = CommandTraits("session.refresh", work: .manage, changesState: true)
}

private struct StrayPolicy: Fake {
    static let traits = CommandTraits("policy.stray", work: .validate, changesState: false)
}
