import Foundation
import SessionContract
import SessionCore

/// What a command needs besides its type and its parser, which the compiler requires.
struct CommandAudit {
    private let contract: Contract
    private let asyncAPI: String
    private let bodies: Set<String>
    private let results: Set<String>
    private let examples: (results: Set<String>, invalid: Set<String>)

    init() throws {
        contract = Contract(try Repository.text("docs/contract.md"))
        asyncAPI = try Repository.text("schemas/asyncapi.yaml")
        bodies = try Schemas.names(in: "commands")
        results = try Schemas.names(in: "results")
        examples = (
            results: Set(try Schemas.folders(in: "examples/results")),
            invalid: Set(try Schemas.folders(in: "examples/invalid/commands"))
        )
    }

    /// What these commands lack, each as a sentence that says where to add it.
    func problems(of types: [any ReadableCommand.Type]) -> [String] {
        let names = types.map { CommandName(of: $0) }
        return types.flatMap { problems(of: $0, among: names) } + unregistered(names) + twice(types)
    }

    private func problems(of type: any ReadableCommand.Type, among names: [CommandName]) -> [String] {
        let name = type.traits.name
        let queue = Topology.CommandQueue(for: type.traits.work)
        var problems: [String] = []
        func expect(_ condition: Bool, _ sentence: String) {
            if !condition { problems.append("\(name): \(sentence)") }
        }
        expect(bodies.contains(name), "add schemas/commands/\(name).json, the schema of its body")
        expect(results.contains(name), "add schemas/results/\(name).json, the schema of its result")
        expect(hasExample(type), "add schemas/examples/commands/\(name)/, with a body that it is read from")
        expect(examples.results.contains(name), "add schemas/examples/results/\(name)/, with a result")
        expect(
            examples.invalid.contains(name),
            "add schemas/examples/invalid/commands/\(name)/, with a body that is refused and how")
        expect(
            asyncAPI.contains("    address: \(name)\n"),
            "add its channel, operation and messages to schemas/asyncapi.yaml")
        expect(contract.described.contains(name), "add a row to the table of docs/contract.md, section 3")
        expect(
            contract.keys(of: queue).contains { TopicPattern($0)?.matches(name) == true },
            "add it to the row of N.commands.\(queue.rawValue) in docs/contract.md, section 1")
        expect(
            contract.reading.contains(name) != type.traits.changesState,
            type.traits.changesState
                ? "it changes state, so take it off the list of message_id in docs/contract.md, section 2"
                : "it changes nothing, so add it to the list of message_id in docs/contract.md, section 2")
        let queues = Topology.CommandQueue.allCases.filter { other in
            other.keys(of: names).contains { TopicPattern($0)?.matches(name) == true }
        }
        expect(
            queues == [queue],
            "its name is bound to \(queues.map(\.rawValue)) and should be to \(queue.rawValue) alone: "
                + "change its name or its traits' work in Sources/SessionCore/Commands")
        return problems
    }

    /// Whether there is an example that is parsed as this type.
    private func hasExample(_ type: any ReadableCommand.Type) -> Bool {
        let folder = "examples/commands/\(type.traits.name)"
        let reader = CommandReader(maxBodyBytes: 65536, tokens: NoTokens())
        guard let files = try? Schemas.folders(in: folder) else { return false }
        return files.contains { file in
            guard let body = try? Schemas.bytes("\(folder)/\(file)"),
                let command = try? reader.read(
                    IncomingMessage(routingKey: type.traits.name, body: body, messageID: "m"))
            else { return false }
            return Swift.type(of: command.action) == type
        }
    }

    /// Names that have a type or a description but are not registered commands.
    private func unregistered(_ names: [CommandName]) -> [String] {
        let known = Set(names.map(\.rawValue))
        let stated = (try? Self.statedNames()) ?? []
        return bodies.union(contract.described).union(stated).subtracting(known).sorted().map {
            "\($0): add its type to CommandRegistry.types in Sources/SessionContract/Commands/CommandRegistry.swift"
        }
    }

    /// The names that types in `SessionCore` state.
    private static func statedNames() throws -> Set<String> {
        let folder = "Sources/SessionCore/Commands"
        var names: Set<String> = []
        for file in try Repository.swiftFiles(in: folder) {
            let text = try Repository.text("\(folder)/\(file)")
            names.formUnion(text.matches(of: #/CommandTraits\(\s*"([a-z.]+)"/#).map { String($0.output.1) })
        }
        return names
    }

    private func twice(_ types: [any ReadableCommand.Type]) -> [String] {
        Dictionary(grouping: types) { $0.traits.name }.filter { $0.value.count > 1 }.map { name, types in
            "\(name): \(types.map { "\($0)" }.joined(separator: " and ")) have this name: change one of them"
        }
    }
}

/// What `docs/contract.md` says about commands.
private struct Contract {
    /// The commands of the table in section 3.
    let described: Set<String>
    /// The commands that need no `message_id`, according to section 2.
    let reading: Set<String>
    private let rows: [String]

    init(_ text: String) {
        let sections = text.components(separatedBy: "\n## ")
        func rows(_ number: Int) -> [String] {
            let section = sections.first { $0.hasPrefix("\(number). ") } ?? ""
            return section.components(separatedBy: "\n").filter { $0.hasPrefix("| ") }
        }
        self.rows = rows(1)
        described = Set(
            rows(3).flatMap { Self.quoted(in: $0.components(separatedBy: "|")[1]) }.filter { $0.contains(".") })
        let row = rows(2).first { $0.hasPrefix("| `message_id`") } ?? ""
        let list = row.components(separatedBy: "all but ").dropFirst().first?.components(separatedBy: " |").first ?? ""
        var reading: Set<String> = []
        var family = ""
        for name in Self.quoted(in: list) {
            // `.get` belongs to the same family as the name before it.
            if !name.hasPrefix(".") { family = name.components(separatedBy: ".")[0] }
            reading.insert(name.hasPrefix(".") ? family + name : name)
        }
        self.reading = reading
    }

    /// The routing keys that section 1 lists for a queue.
    func keys(of queue: Topology.CommandQueue) -> [String] {
        let row = rows.first { $0.hasPrefix("| `N.commands.\(queue.rawValue)`") } ?? ""
        return Self.quoted(in: row.components(separatedBy: "|").dropFirst(3).joined())
    }

    private static func quoted(in text: String) -> [String] {
        text.matches(of: #/`([^`]+)`/#).map { String($0.output.1) }
    }
}
