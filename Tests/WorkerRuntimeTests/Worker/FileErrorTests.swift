import FoundationEssentials
import LogRecording
import SessionContract
import SessionCore
import Testing

@testable import WorkerRuntime

@Suite("Errors in policy and callers files")
struct FileErrorTests {
    private func error(policies json: String, name: String) async throws -> ConfigurationError? {
        try await withFile(json) { path in
            await #expect(throws: ConfigurationError.self) {
                try await PolicyFile(path: path, name: name, logger: LogRecorder().logger)
            }
        }
    }

    private func withFile<Result>(_ content: String, _ body: (String) async throws -> Result) async throws -> Result {
        let path = FileManager.default.temporaryDirectory.appending(path: "sojourn-\(UUID().uuidString).json").path
        try Data(content.utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    @Test("one remedy is given, for what is wrong, with the setting as given")
    func oneRemedy() async throws {
        let wrong = try await error(policies: #"{"default": {"idleSeconds": 0}}"#, name: "--policy-file")
        #expect(wrong?.subject.hasPrefix("--policy-file /") == true)
        #expect(wrong?.problem == "is wrong at /default/idleSeconds")
        #expect(wrong?.remedy == "must be from 1 to 3155760000")
        let misspelt = try await error(policies: #"{"default": {"idelSeconds": 5}}"#, name: "policyFile in a.json")
        #expect(misspelt?.problem == "is wrong at /default/idelSeconds")
        #expect(misspelt?.remedy == "there is no such key here: did you mean idleSeconds?")
        let noJSON = try await error(policies: #"{"default": {},}"#, name: "SOJOURN_POLICY_FILE")
        #expect(noJSON?.remedy == "it must be a JSON object from policy names to policies")
    }

    @Test("the error names the setting as given")
    func names() async throws {
        let option = try await WorkerConfiguration.read(
            commandLine: [.policyFile: "/p"], environment: ["SOJOURN_CALLERS_FILE": "/c"], needsKeyring: false)
        #expect(option.name(of: .policyFile) == "--policy-file")
        #expect(option.name(of: .callersFile) == "SOJOURN_CALLERS_FILE")
    }

    @Test(
        "a pattern that matches no command is rejected, and the nearest command is named",
        arguments: [
            ("session.crate", "matches no command: did you mean session.create?"),
            ("sesion.*", "matches no command"), ("session.*.*.*", "matches no command"),
            ("session.revoked", "matches no command: did you mean session.revoke?"),
        ])
    func patterns(pattern: String, message: String) throws {
        let failure = #expect(throws: Failure.self) {
            try CallerPermissions.read(Array(#"{"shop": {"commands": ["session.*", "\#(pattern)"]}}"#.utf8))
        }
        #expect(failure?.path == "/shop/commands/1")
        #expect(failure?.message.hasPrefix(message) == true)
    }
}
