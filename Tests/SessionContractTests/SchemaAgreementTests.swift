import SessionContract
import SessionCore
import Testing

/// A contract that is written down twice has to be compared, or it becomes two contracts.
@Suite("Agreement of Swift types and schemas")
struct SchemaAgreementTests {
    private let reader = CommandReader(maxBodyBytes: 65536, tokens: NoTokens())

    private func read(_ command: String, _ body: [UInt8]) -> Failure? {
        do {
            _ = try reader.read(IncomingMessage(routingKey: command, body: body, messageID: "m"))
            return nil
        } catch {
            return error
        }
    }

    @Test("every command has its schemas, and every schema has its command")
    func commands() throws {
        let commands = Set(CommandName.all.map(\.rawValue))
        #expect(try Schemas.names(in: "commands") == commands)
        #expect(try Schemas.names(in: "results") == commands.union(["unknown"]))
    }

    @Test("every event has its schema, and every schema has its event")
    func events() throws {
        #expect(try Schemas.names(in: "events") == Set(Event.Kind.allCases.map(\.rawValue)))
    }

    @Test("every code and reason is in common.json")
    func words() throws {
        let common = try Schemas.object("common.json").member("$defs")
        #expect(Set(Rejection.Code.allCases.map(\.rawValue)) == (try common.member("rejectionCode").strings("enum")))
        #expect(Set(Failure.Code.allCases.map(\.rawValue)) == (try common.member("failureCode").strings("enum")))
        #expect(
            Set(Validation.InvalidityReason.allCases.map(\.rawValue))
                == (try common.member("validityReason").strings("enum")))
        #expect(
            Set(ContextRule.allCases.map(\.rawValue)) == (try common.member("contextChanges", "items").strings("enum")))
    }

    @Test("a command knows exactly the keys of its schema", arguments: CommandName.all)
    func keys(command: CommandName) throws {
        let schema = try Schemas.object("commands/\(command.rawValue).json")
        for (key, _) in try schema.member("properties").members {
            // A wrong type for every key: an unknown key would be reported as unknown instead.
            let failure = read(command.rawValue, Array(#"{"\#(key)":null}"#.utf8))
            #expect(failure?.code == .invalidField)
            #expect(failure?.message != "there is no such key here", "\(key) is not known")
        }
        #expect(read(command.rawValue, Array(#"{"subject":"a","token":"a","refreshToken":"a","zzz":1}"#.utf8)) != nil)
    }

    @Test("the default policy is the one that common.json describes")
    func policy() throws {
        let properties = try Schemas.object("common.json").member("$defs", "policy", "properties")
        var defaults = JSONObject()
        for (key, value) in properties.members {
            guard case .object(let property) = value, let standard = property["default"] else { continue }
            defaults[key] = standard
        }
        #expect(!defaults.isEmpty)
        var reader = ObjectReader(defaults)
        #expect(try PolicyReader.read(&reader) == SessionPolicy())
    }

    @Test("every example of a command is accepted")
    func examples() throws {
        var count = 0
        for command in try Schemas.folders(in: "examples/commands") {
            for file in try Schemas.folders(in: "examples/commands/\(command)") {
                let failure = read(command, try Schemas.bytes("examples/commands/\(command)/\(file)"))
                #expect(failure == nil, "\(command)/\(file)")
                count += 1
            }
        }
        #expect(count > 20)
    }

    @Test("every invalid example is rejected with the code and path it names")
    func invalidExamples() throws {
        var count = 0
        for command in try Schemas.folders(in: "examples/invalid/commands") {
            for file in try Schemas.folders(in: "examples/invalid/commands/\(command)") {
                let example = try Schemas.object("examples/invalid/commands/\(command)/\(file)")
                let expected = try example.member("expect")
                var writer = JSONWriter()
                writer.value(try #require(example["body"]))
                let failure = read(command, writer.bytes)
                #expect(failure.map { .string($0.code.rawValue) } == expected["code"], "\(command)/\(file)")
                #expect(failure?.path.map(JSONValue.string) == expected["path"], "\(command)/\(file)")
                count += 1
            }
        }
        #expect(count > 100)
    }
}
