import Testing

@testable import WorkerRuntime

// Where the keyring comes from.
extension ConfigurationReadingTests {
    @Test("without a keyring, only --dev or a command that needs no keys starts")
    func keyring() async throws {
        let error = await #expect(throws: ConfigurationError.self) {
            try await WorkerConfiguration.read(environment: [:])
        }
        #expect(error?.code == .missingValue)
        #expect(error?.subject == "SOJOURN_KEYRING_FILE")
        #expect(try await WorkerConfiguration.read(environment: [:], dev: true).dev)
        #expect(try await WorkerConfiguration.read(environment: [:], needsKeyring: false).keyringFile == nil)
    }

    @Test("--dev together with a keyring file is rejected")
    func devAndKeyring() async throws {
        let error = await #expect(throws: ConfigurationError.self) {
            try await WorkerConfiguration.read(environment: ["SOJOURN_KEYRING_FILE": "/k"], dev: true)
        }
        #expect(error?.code == .conflictingValues)
        #expect(error?.problem.contains("SOJOURN_KEYRING_FILE") == true)
    }

    @Test("a command that prints the keyring can be given instead of a file")
    func keyringCommand() async throws {
        let words = try await read(["SOJOURN_KEYRING_COMMAND": "vault read 'a b'"])
        #expect(words.keyringFile == nil)
        #expect(words.keyringCommand == ["vault", "read", "a b"])
        let array = try await read(["SOJOURN_KEYRING_COMMAND": #"["vault", "read"]"#])
        #expect(array.keyringCommand == ["vault", "read"])
    }

    @Test("a keyring command together with a keyring file or --dev is rejected")
    func commandAndOthers() async throws {
        let both = await #expect(throws: ConfigurationError.self) {
            try await read(["SOJOURN_KEYRING_FILE": "/k"], commandLine: [.keyringCommand: "vault"])
        }
        #expect(both?.code == .conflictingValues)
        #expect(both?.description.contains("--keyring-command") == true)
        let dev = await #expect(throws: ConfigurationError.self) {
            try await WorkerConfiguration.read(environment: ["SOJOURN_KEYRING_COMMAND": "vault"], dev: true)
        }
        #expect(dev?.code == .conflictingValues)
    }

    @Test(
        "only the program of a keyring command is ever shown",
        arguments: ["vault hunter2", "vault 'hunter2", "[\"hunter2"])
    func commandIsNotShown(command: String) async throws {
        do {
            let configuration = try await read(["SOJOURN_KEYRING_COMMAND": command])
            #expect(configuration.description.contains("keyringCommand=vault"))
            #expect(!configuration.description.contains("hunter2"))
            #expect(!String(reflecting: configuration).contains("hunter2"))
        } catch {
            #expect("\(error)".contains("without a shell"))
            #expect(!"\(error) \(String(reflecting: error))".contains("hunter2"))
        }
    }
}
