import LogMetadata
import Logging
import SessionCore
import Testing

@testable import WorkerRuntime

@Suite("Recent problems")
struct RecentProblemsTests {
    private let problems = RecentProblems()

    private func record(
        _ message: String, _ level: Logger.Level = .warning, _ metadata: Logger.Metadata = [:], at: Int64 = 0
    ) {
        problems.record(level, message, metadata, at: Timestamp(milliseconds: at))
    }

    @Test("only warnings and worse are kept, newest first")
    func levels() {
        record("a note", .notice)
        record("a warning")
        record("an error", .error)
        record("the end", .critical)
        #expect(problems.all.map(\.message) == ["the end", "an error", "a warning"])
    }

    @Test("the number kept is bounded, and so is the length of each")
    func bounds() {
        for number in 0..<100 {
            record(
                "\(number) " + String(repeating: "x", count: 10_000), .error,
                [LogKey.reason: "\(String(repeating: "y", count: 10_000))"])
        }
        #expect(problems.all.count == 30)
        #expect(problems.all.first?.message.hasPrefix("99 ") == true)
        #expect(problems.all.allSatisfy { $0.message.count <= 300 && ($0.details[LogKey.reason]?.count ?? 0) <= 300 })
    }

    @Test("lines in a row that say the same are one, with their number and the last moment")
    func repetition() {
        record("a", at: 1)
        for moment in 2...5 as ClosedRange<Int64> { record("b", .warning, [LogKey.lane: "0"], at: moment) }
        record("b", .warning, [LogKey.lane: "1"], at: 6)
        #expect(problems.all.map(\.count) == [1, 4, 1])
        #expect(problems.all.map(\.at.milliseconds) == [6, 5, 1])
    }

    @Test("what senders choose is left out")
    func senders() {
        record(
            "replies were lost", .warning,
            [
                LogKey.replyTo: "chosen", LogKey.messageId: "chosen", LogKey.appId: "chosen", LogKey.traceId: "chosen",
                "anything": "chosen", LogKey.count: "3",
            ])
        #expect(problems.all.first?.details == [LogKey.count: "3"])
    }
}
