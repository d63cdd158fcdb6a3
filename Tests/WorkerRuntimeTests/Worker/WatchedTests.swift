import Foundation
import LogRecording
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine
import Synchronization
import Testing

@testable import WorkerRuntime

@Suite("Watched sources")
struct WatchedTests {
    /// A source whose bytes a test sets; `nil` is unreadable, and anything that begins with "bad" is invalid.
    private final class Place: Sendable {
        let content: Mutex<String?>

        init(_ content: String?) {
            self.content = Mutex(content)
        }

        var source: Watched<String>.Source {
            .init(
                title: "the thing", place: "/thing",
                read: { () throws(ConfigurationError) in
                    guard let content = self.content.withLock({ $0 }) else { throw Self.error("cannot be read") }
                    return Array(content.utf8)
                },
                parse: { bytes, current throws(ConfigurationError) in
                    let text = String(decoding: bytes, as: UTF8.self)
                    guard !text.hasPrefix("bad") else { throw Self.error("is \(text)") }
                    guard text.first == current?.first ?? text.first else { throw Self.error("does not follow") }
                    return text
                })
        }

        private static func error(_ problem: String) -> ConfigurationError {
            ConfigurationError(.unreadableFile, "/thing", problem, remedy: "it must be good")
        }
    }

    private let log = LogRecorder()

    private func watched(_ place: Place) async throws -> Watched<String> {
        try await Watched(place.source, logger: log.logger)
    }

    @Test("an invalid source prevents the start", arguments: [nil, "bad"])
    func badAtStart(content: String?) async {
        await #expect(throws: ConfigurationError.self) { try await watched(Place(content)) }
    }

    @Test("a new value is in force after the next poll, and reported once")
    func change() async throws {
        let place = Place("a1")
        let watched = try await watched(place)
        place.content.withLock { $0 = "a2" }
        #expect(watched.value == "a1")
        await watched.look()
        await watched.look()
        #expect(watched.value == "a2")
        #expect(log.lines == ["info the thing has changed and is in force"])
    }

    @Test("an invalid value is reported once, the last valid one stays in force, and recovery is reported")
    func bad() async throws {
        let place = Place("a1")
        let watched = try await watched(place)
        for content in ["bad", "bad", nil, nil, "a1", "a1"] {
            place.content.withLock { $0 = content }
            await watched.look()
            #expect(watched.value == "a1")
        }
        #expect(
            log.lines == [
                "error the thing cannot be used: the last valid one stays in force (is bad: it must be good)",
                "error the thing cannot be used: the last valid one stays in force (cannot be read: it must be good)",
                "info the thing is valid again",
            ])
    }

    @Test("a valid value that may not follow the current one is refused")
    func unfit() async throws {
        let place = Place("a1")
        let watched = try await watched(place)
        place.content.withLock { $0 = "b1" }
        await watched.look()
        #expect(watched.value == "a1")
        place.content.withLock { $0 = "a2" }
        await watched.look()
        #expect(watched.value == "a2")
    }

    @Test("a source is polled until the task is cancelled")
    func watching() async throws {
        let place = Place("a1")
        let watched = try await watched(place)
        let task = Task { await watched.watch(every: .milliseconds(1)) }
        place.content.withLock { $0 = "a2" }
        while watched.value != "a2" { await Task.yield() }
        task.cancel()
        await task.value
    }
}

@Suite("Watched files")
struct WatchedFileTests {
    @Test("a callers file is read, rejected with the place of a mistake, and followed")
    func callers() async throws {
        try await withFolder { folder in
            let path = folder + "/callers.json"
            func write(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }

            let missing = await #expect(throws: ConfigurationError.self) { try await file(path) }
            #expect(missing?.description.hasPrefix("SOJOURN_CALLERS_FILE \(path) cannot be read") == true)
            try write(#"{"shop": ["session.val*"]}"#)
            let bad = await #expect(throws: ConfigurationError.self) { try await file(path) }
            #expect(bad?.problem == "is wrong at /shop/0" && bad?.remedy.hasPrefix("must be a pattern") == true)
            try write(String(repeating: " ", count: 1 << 20) + "{}")
            let large = await #expect(throws: ConfigurationError.self) { try await file(path) }
            #expect(large?.problem == "is larger than 1048576 bytes")

            try write(#"{"shop": ["session.*"]}"#)
            #expect(try await file(path).permissions.permits("session.list", tenant: nil, caller: "shop"))
        }
    }

    @Test("without a path nobody is restricted, and the default policy applies")
    func none() async throws {
        let callers = try await CallersFile(path: nil, logger: LogRecorder().logger)
        #expect(callers.permissions == .anything)
        let policies = try await PolicyFile(path: nil, logger: LogRecorder().logger)
        #expect(policies.policies == PolicyCatalogue())
        await callers.watch()
    }

    private func file(_ path: String) async throws -> CallersFile {
        try await CallersFile(path: path, logger: LogRecorder().logger)
    }
}

@Suite("The worker's keys")
struct WorkerKeysTests {
    private let log = LogRecorder()

    private func keys(file: String? = nil, command: [String]? = nil) async throws -> WorkerKeys {
        var configuration = WorkerConfiguration()
        configuration.keyringFile = file
        configuration.keyringCommand = command
        return try await WorkerKeys(for: configuration, logger: log.logger)
    }

    @Test("a key added to the file seals as soon as its time has come")
    func rotation() async throws {
        try await withFolder { folder in
            let path = folder + "/keyring.json"
            try Keyring.generate(at: .wallClock).save(to: path)
            let keys = try await keys(file: path)
            let first = keys.sealers.sealer.currentID
            let watching = Task { await keys.watch() }
            let changed = try Keyring.change(at: path) { keyring throws(KeyringError) in
                try keyring.rotated(at: .wallClock, after: 1)
            }
            let second = try #require(changed.summaries(at: .wallClock).last?.id)
            await log.wait(for: "sealing records with a new key from now on")
            #expect(keys.sealers.sealer.currentID != first)
            #expect(keys.sealers.sealer.currentID == second)
            #expect(keys.keyring == changed)
            watching.cancel()
            await watching.value
            #expect(log.lines.contains("info the keyring has changed and is in force"))
            #expect(log.lines.contains("info sealing records with a new key from now on"))
        }
    }

    @Test("the keyring of another installation is refused, and the current one stays in force")
    func otherRoot() async throws {
        try await withFolder { folder in
            let path = folder + "/keyring.json"
            let ring = Keyring.generate(at: .wallClock)
            try ring.save(to: path)
            let keys = try await keys(file: path)
            try FileManager.default.removeItem(atPath: path)
            try Keyring.generate(at: .wallClock).save(to: path)
            let watching = Task { await keys.watch() }
            await log.wait(for: "the keyring cannot be used")
            watching.cancel()
            await watching.value
            #expect(keys.keyring == ring)
            #expect(log.lines.first?.contains("\(path) now returns the keyring of another installation") == true)
        }
    }

    @Test("the keyring of a command is used, and a command that fails prevents the start")
    func command() async throws {
        try await withFolder { folder in
            let path = folder + "/keyring.json"
            let ring = Keyring.generate(at: .wallClock)
            try ring.save(to: path)
            #expect(try await keys(command: ["cat", path]).keyring == ring)
            let error = await #expect(throws: ConfigurationError.self) {
                try await keys(command: ["sh", "-c", "exit 7", "s3cret"])
            }
            #expect(error?.description == "SOJOURN_KEYRING_COMMAND cannot be used: sh exited with 7")
        }
    }

    @Test("without a file, a command or --dev there are no keys")
    func none() async throws {
        let error = await #expect(throws: ConfigurationError.self) { try await keys() }
        #expect(error?.code == .missingValue)
    }
}

/// Runs `body` with a folder that is removed afterwards.
private func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sojourn-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
}
