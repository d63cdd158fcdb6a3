import ArgumentParser
import FoundationEssentials
import Logging
import SojournVerifier

/// Shows what denied sessions occupy.
struct MemoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory", abstract: "Show the memory of a process whose verifier knows many denied sessions.")

    @Option(help: "How many sessions.")
    var sessions = 100_000

    func run() async throws {
        let before = try resident()
        let verifier = SessionVerifier(
            SessionVerifierConfiguration(keys: .file("unused")), keys: ConstantKeys(document: []), feed: SilentFeed(),
            authority: AbsentWorker(), logger: Logger(label: "benchmark"))
        verifier.connected(backlog: 0, isComplete: false)
        let now = Date()
        for number in 0..<sessions { verifier.received([event(number, at: now)]) }
        let after = try resident()
        print(
            "\(verifier.freshness.denials) denied sessions: \(after) KiB in all, \(after - before) KiB more than before"
        )
    }

    private func event(_ number: Int, at now: Date) -> [UInt8] {
        let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        // Tokens of different ages.
        let end = now.addingTimeInterval(Double(300 + number % 3000))
        return Array(
            """
            {"specversion":"1.0","type":"session.revoked","time":"\(now.formatted(time))","sequence":"\(number + 1)","data":\
            {"sessionId":"ses_\(number)","tenant":"default","subject":"user-\(number)","reason":"logout",\
            "accessTokensExpireAt":"\(end.formatted(time))"}}
            """.utf8)
    }

    /// In KiB, as Linux counts it.
    private func resident() throws -> Int {
        let status = try String(contentsOf: URL(filePath: "/proc/self/status"), encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return Int(line.filter(\.isNumber)) ?? 0
    }
}
