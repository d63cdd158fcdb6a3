import Foundation
import Glibc
import SessionCore
import SessionCrypto
import SessionEngine
import Testing

@testable import WorkerRuntime

@Suite("The file of an audit log")
struct AuditJournalTests {
    private let chain = AuditChain(keyring: Keyring.generate(at: Timestamp(milliseconds: 0)), namespace: "n")
    private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    private var path: String { folder.appending(path: "audit.jsonl").path }

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func open() throws -> AuditJournal {
        try AuditJournal(path: path, chain: chain, worker: "w")
    }

    /// Opens the journal, writes, and closes it.
    private func live(_ work: (inout AuditJournal) -> Void = { _ in }) throws {
        var journal = try open()
        work(&journal)
        try journal.write()
    }

    private func content() throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    private func verified() throws -> AuditVerifier {
        var verifier = AuditVerifier(chain)
        for (number, line) in try content().split(separator: 10, omittingEmptySubsequences: false).enumerated()
        where !line.isEmpty {
            _ = try verifier.check(line, at: .init(file: 0, line: number + 1))
        }
        try verifier.finish()
        return verifier
    }

    private func append(_ bytes: some Sequence<UInt8>) throws {
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }

    @Test("a journal continues the chain that it finds")
    func continued() throws {
        try live()
        try live { $0.addEnd() }
        let verifier = try verified()
        #expect(verifier.records == 3 && verifier.chains == 1)
    }

    @Test("what a killed worker left at the end stays, and the chain goes on", arguments: [1, 50, 250])
    func torn(length: Int) throws {
        try live()
        let line = try content()
        try append(line.prefix(length))
        try live()
        let verifier = try verified()
        #expect(verifier.records == 2 && verifier.tornLines == 1)
        #expect(try content().starts(with: line + line.prefix(length)), "the file is only appended to")
    }

    @Test("a last record without its line feed is a record")
    func withoutLineFeed() throws {
        try live()
        try live()
        truncate(path, off_t(try content().count - 1))
        try live()
        let verifier = try verified()
        #expect(verifier.records == 3 && verifier.tornLines == 0)
    }

    @Test("a file in which nothing is whole begins a chain")
    func nothingWhole() throws {
        try live()
        truncate(path, 30)
        try live()
        let verifier = try verified()
        #expect(verifier.records == 1 && verifier.tornLines == 1)
    }

    @Test("a changed last line is not continued")
    func changedEnd() throws {
        try live()
        var bytes = try content()
        bytes[bytes.count - 80] ^= 1
        try Data(bytes).write(to: URL(filePath: path))
        chmod(path, 0o600)
        #expect(throws: AuditFile.Problem.self) { try live() }
        #expect(try content() == bytes)
    }

    @Test("a file has one journal at a time")
    func lock() throws {
        let journal = try open()
        #expect(throws: AuditFile.Problem.self) { try live() }
        _ = consume journal
        try live()
    }

    @Test("after a rotation the chain goes on in a new file, but never in one with content")
    func rotation() throws {
        var journal = try open()
        try journal.write()
        #expect(try !journal.reopen())
        let rotated = folder.appending(path: "audit.jsonl.1").path
        rename(path, rotated)
        // Not even in one with records of the same keyring.
        for content in [Data("x\n".utf8), try Data(contentsOf: URL(filePath: rotated))] {
            try content.write(to: URL(filePath: path))
            chmod(path, 0o600)
            #expect(throws: AuditFile.Problem.self) { _ = try journal.reopen() }
            unlink(path)
        }
        #expect(try journal.reopen())
        try journal.write()
        let verifier = try verified()
        #expect(verifier.records == 1 && verifier.first?.place.sequence == 2)
    }
}
