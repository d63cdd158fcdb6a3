import Foundation
import Glibc
import SessionCore
import SessionCrypto
import Testing

@Suite struct KeyringChangeTests {
    private func rotate(_ path: String) throws -> Keyring {
        try Keyring.change(at: path) { keyring throws(KeyringError) in try keyring.rotated(at: start, after: 60) }
    }

    /// Runs `body` with the path of a new keyring.
    private func withKeyring(_ body: (_ path: String, _ folder: String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/keyring.json"
            try Keyring.generate(at: start).save(to: path)
            try body(path, folder)
        }
    }

    private func status(_ path: String) throws -> stat {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return status
    }

    @Test("a changed ring is read back completely, including its successor")
    func changedRing() throws {
        try withKeyring { path, folder in
            let changed = try rotate(path)
            #expect(try FileKeyProvider(path: path).keyring() == changed)
            let promoted = try Keyring.change(at: path) { keyring throws(KeyringError) in
                try keyring.rotated(at: start.adding(seconds: 60), after: 60)
            }
            #expect(try FileKeyProvider(path: path).keyring() == promoted)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["keyring.json"])
        }
    }

    @Test("the file is replaced, not overwritten in place, and keeps its mode and owner")
    func fileReplaced() throws {
        try withKeyring { path, _ in
            chmod(path, 0o400)
            let isRoot = geteuid() == 0
            if isRoot { #expect(chown(path, 4321, 4322) == 0) }
            // A reader that opened it before still sees the complete old ring.
            let before = try status(path)
            let old = try #require(FileHandle(forReadingAtPath: path))
            let content = try Data(contentsOf: URL(filePath: path))
            _ = try rotate(path)
            #expect(try old.readToEnd() == content)
            let after = try status(path)
            #expect(after.st_ino != before.st_ino)
            #expect(after.st_mode & 0o7777 == 0o400)
            #expect((after.st_uid, after.st_gid) == (before.st_uid, before.st_gid))
        }
    }

    @Test("a reader never sees an incomplete ring")
    func readerNever() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sojourn-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/keyring.json"
        try Keyring.generate(at: start).save(to: path)
        try await withThrowingTaskGroup { group in
            group.addTask {
                for second in 0..<60 {
                    try Keyring.change(at: path) { keyring throws(KeyringError) in
                        try keyring.rotated(at: start.adding(seconds: second), after: 0)
                    }
                }
            }
            group.addTask {
                for _ in 0..<200 { _ = try FileKeyProvider(path: path).keyring() }
            }
            try await group.waitForAll()
        }
        #expect(try FileKeyProvider(path: path).keyring().summaries(at: start).count == 61)
    }

    @Test("a symbolic link is preserved, and its target is replaced")
    func symbolicLink() throws {
        try withKeyring { path, folder in
            let link = folder + "/link.json"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "keyring.json")
            let changed = try rotate(link)
            #expect(try status(link).st_mode & S_IFMT == S_IFLNK)
            #expect(try FileKeyProvider(path: path).keyring() == changed)
        }
    }

    @Test("a refused change leaves the file unchanged and no temporary file")
    func refusedChange() throws {
        try withKeyring { path, folder in
            _ = try rotate(path)
            let before = try Data(contentsOf: URL(filePath: path))
            let error = #expect(throws: KeyringError.self) { try rotate(path) }
            #expect(error?.code == .changing)
            #expect(try Data(contentsOf: URL(filePath: path)) == before)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["keyring.json"])
        }
    }

    @Test("one of two concurrent changes is refused")
    func twoConcurrent() throws {
        try withKeyring { path, _ in
            try Keyring.change(at: path) { keyring throws(KeyringError) in
                let error = #expect(throws: KeyringError.self) { try rotate(path) }
                #expect(error?.code == .changing)
                return try keyring.rotated(at: start, after: 60)
            }
            #expect(try FileKeyProvider(path: path).keyring().summaries(at: start).count == 2)
        }
    }

    @Test("neither a successful nor a refused change leaks a descriptor")
    func neitherSuccessful() throws {
        try withKeyring { path, folder in
            func open() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
            let before = try open()
            _ = try rotate(path)
            for _ in 0..<50 {
                #expect(throws: KeyringError.self) { try rotate(path) }
                #expect(throws: KeyringError.self) { try FileKeyProvider(path: folder).keyring() }
            }
            chmod(path, 0o644)
            for _ in 0..<50 { #expect(throws: KeyringError.self) { try FileKeyProvider(path: path).keyring() } }
            // Other tests run at the same time and open descriptors of their own.
            #expect(try open() < before + 50)
        }
    }

    @Test("an error about a file contains its name and what to do")
    func errorAbout() throws {
        try withKeyring { path, folder in
            let missing = #expect(throws: KeyringError.self) { try FileKeyProvider(path: folder + "/none").keyring() }
            #expect(missing?.description.contains(folder + "/none: No such file") == true)
            #expect(missing?.description.contains("sojourn keys init") == true)

            try Data(#"{"version":9}"#.utf8).write(to: URL(filePath: path))
            let newer = #expect(throws: KeyringError.self) { try FileKeyProvider(path: path).keyring() }
            #expect(newer?.code == .malformed)
            #expect(newer?.description.contains("\(path): /version is 9") == true)
            #expect(newer?.description.contains("copy") == true)
        }
    }
}
