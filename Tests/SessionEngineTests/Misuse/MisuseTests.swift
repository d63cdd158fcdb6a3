import Foundation
import Testing

/// Steps that must happen in order cannot be written out of order: the compiler has to reject these programs, each for
/// the given reason.
@Suite("Misuse of unacknowledged batches")
struct MisuseTests {
    struct Program: CustomTestStringConvertible, Sendable {
        let name: String
        /// What the compiler has to report.
        let reason: String
        let code: String

        var testDescription: String { name }
    }

    static let wrong: [Program] = [
        Program(
            name: "a batch is acknowledged twice", reason: "'batch' consumed more than once",
            code: """
                func f(
                    _ batch: consuming UnacknowledgedBatch, _ a: consuming Confirmation, _ b: consuming Confirmation,
                    _ backlog: inout LaneBacklog
                ) {
                    _ = backlog.acknowledge(batch, with: a)
                    _ = backlog.acknowledge(batch, with: b)
                }
                """),
        Program(
            name: "a batch is acknowledged without a proof", reason: "missing argument for parameter 'with' in call",
            code: """
                func f(_ batch: consuming UnacknowledgedBatch, _ backlog: inout LaneBacklog) {
                    _ = backlog.acknowledge(batch)
                }
                """),
        Program(
            name: "the proof is made by hand", reason: "'Confirmation' initializer is inaccessible",
            code: """
                func f(_ batch: consuming UnacknowledgedBatch, _ backlog: inout LaneBacklog) {
                    let proof = Confirmation(of: batch)
                    _ = backlog.acknowledge(batch, with: proof)
                }
                """),
        Program(
            name: "one proof is used for two batches", reason: "'proof' consumed more than once",
            code: """
                func f(
                    _ one: consuming UnacknowledgedBatch, _ other: consuming UnacknowledgedBatch,
                    _ proof: consuming Confirmation, _ backlog: inout LaneBacklog
                ) {
                    _ = backlog.acknowledge(one, with: proof)
                    _ = backlog.acknowledge(other, with: proof)
                }
                """),
        Program(
            name: "a batch is made of deliveries by hand", reason: "'UnacknowledgedBatch' initializer is inaccessible",
            code: """
                func f(_ items: [LaneItem]) -> UnacknowledgedBatch { UnacknowledgedBatch(items, number: 1) }
                """),
        Program(
            name: "a batch is put back and acknowledged", reason: "'batch' consumed more than once",
            code: """
                func f(
                    _ batch: consuming UnacknowledgedBatch, _ proof: consuming Confirmation, _ backlog: inout LaneBacklog
                ) {
                    backlog.putBack(batch, .shared)
                    _ = backlog.acknowledge(batch, with: proof)
                }
                """),
        Program(
            name: "a batch is acknowledged while it is being published", reason: "'batch' consumed more than once",
            code: """
                func f(
                    _ batch: consuming UnacknowledgedBatch, _ id: PublicationID, _ proof: consuming Confirmation,
                    _ backlog: inout LaneBacklog
                ) -> Publication {
                    let publication = Publication(OutgoingBatch(), of: batch, id: id)
                    _ = backlog.acknowledge(batch, with: proof)
                    return publication
                }
                """),
        Program(
            name: "the outbox is cleared before the acknowledgement", reason: "missing argument for parameter 'after'",
            code: """
                func f(_ events: consuming PublishedEvents) -> [OutboxEntry.Reference] { events.clear() }
                """),
        Program(
            name: "that something is acknowledged is claimed by hand",
            reason: "'Acknowledged' initializer is inaccessible",
            code: """
                func f(_ events: consuming PublishedEvents) -> [OutboxEntry.Reference] {
                    events.clear(after: Acknowledged([]))
                }
                """),
        Program(
            name: "a publication takes the broker's answers twice", reason: "'publication' consumed more than once",
            code: """
                func f(_ publication: consuming Publication) {
                    var refused = RefusedMessages()
                    var random = SystemRandomNumberGenerator()
                    _ = publication.settle([], isChannelOpen: true, refused: &refused, using: &random)
                    _ = publication.settle([], isChannelOpen: true, refused: &refused, using: &random)
                }
                """),
        Program(
            name: "a batch is kept aside for later", reason: "does not conform to protocol 'Copyable'",
            code: """
                final class Drawer { var batches: [UnacknowledgedBatch] = [] }
                """),
        Program(
            name: "a lane is copied with its batches", reason: "'lane' consumed more than once",
            code: """
                func f(_ lane: consuming LaneState) -> (Int, Int) {
                    let one = lane
                    let other = lane
                    return (g(one), g(other))
                }
                func g(_ lane: borrowing LaneState) -> Int { 0 }
                """),
    ]

    static let right = Program(
        name: "stored, published and confirmed, acknowledged, cleared", reason: "",
        code: """
            func f(
                _ batch: consuming UnacknowledgedBatch, _ id: PublicationID, _ backlog: inout LaneBacklog
            ) -> [OutboxEntry.Reference] {
                let publication = Publication(OutgoingBatch(), of: batch, id: id)
                var refused = RefusedMessages()
                var random = SystemRandomNumberGenerator()
                switch publication.settle([], isChannelOpen: true, refused: &refused, using: &random) {
                case .confirmed(let batch, let confirmation, let events):
                    let acknowledged = backlog.acknowledge(batch, with: confirmation)
                    return events.clear(after: acknowledged)
                case .again: return []
                case .failed: return []
                }
            }
            """)

    @Test("the compiler rejects the wrong program for the right reason", arguments: wrong)
    func isRefused(_ program: Program) throws {
        let errors = try Self.errors(in: program)
        #expect(errors.contains { $0.contains(program.reason) }, "\(errors)")
        #expect(errors.count == 1, "it is wrong in one way only: \(errors)")
    }

    @Test("the compiler accepts the right program")
    func isTaken() throws {
        #expect(try Self.errors(in: Self.right) == [])
    }

    // MARK: The compiler

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The errors that the compiler reports for a program, one per line. It checks ownership only after types, so both
    /// are requested.
    private static func errors(in program: Program) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sojourn-misuse-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = folder.appending(path: "program.swift")
        let imports = "@testable import SessionStorage\n@testable import SessionEngine\n\n"
        try (imports + program.code + "\n").write(to: source, atomically: true, encoding: .utf8)
        let build = root.appending(path: ".build/debug").resolvingSymlinksInPath()
        let arguments =
            ["swiftc", "-emit-sil", "-o", "/dev/null", "-swift-version", "6", "-parse-as-library"]
            + ["-I", build.appending(path: "Modules").path] + moduleMaps(in: build) + [source.path]
        let output = folder.appending(path: "output")
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: output)
        try process.run()
        process.waitUntilExit()
        let lines = try String(contentsOf: output, encoding: .utf8).split(separator: "\n")
        let errors = lines.filter { $0.contains(": error: ") }.map(String.init)
        if process.terminationStatus != 0, errors.isEmpty { return ["the compiler failed: \(lines)"] }
        return errors
    }

    /// The C modules that our own modules use.
    private static func moduleMaps(in build: URL) -> [String] {
        let checkouts = folders(in: root.appending(path: ".build/checkouts"))
            .flatMap { folders(in: $0.appending(path: "Sources")) }.map { $0.appending(path: "include") }
        let own = folders(in: root.appending(path: "Sources"))
        let maps = (checkouts + own + folders(in: build)).map { $0.appending(path: "module.modulemap") }
        return maps.filter { FileManager.default.fileExists(atPath: $0.path) }
            .flatMap { ["-Xcc", "-fmodule-map-file=\($0.path)"] }
    }

    private static func folders(in folder: URL) -> [URL] {
        (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    }
}
