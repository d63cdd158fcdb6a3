import FoundationEssentials
import Glibc
import LogMetadata
import Logging
import SessionContract
import SessionCore
import SessionEngine
import Testing

@testable import WorkerRuntime

@Suite("The log")
struct LogTests {
    /// 2026-11-20T22:00:00.007Z
    private static let evening = Timestamp(milliseconds: 1_795_212_000_007)

    private func line(
        _ format: WorkerConfiguration.LogFormat, _ message: String, _ metadata: Logger.Metadata = [:],
        level: Logger.Level = .info
    ) -> String {
        let bytes = LogLineEncoder(format: format).line(
            at: Self.evening, level: level, logger: "sojourn", message: message, metadata: metadata)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What a reader of the line gets, or nil if it is not JSON.
    private func parsed(_ line: String) throws -> [String: JSONText] {
        try JSONDecoder().decode([String: JSONText].self, from: Data(line.utf8))
    }

    @Test("a text line has time, level, message and metadata sorted by key")
    func textLine() {
        #expect(
            line(.text, "connected", [LogKey.lane: "1", LogKey.address: "h:1", LogKey.attempt: .stringConvertible(3)])
                == "2026-11-20T22:00:00.007Z INFO    connected address=h:1 attempt=3 lane=1\n")
        #expect(line(.text, "slow", level: .warning) == "2026-11-20T22:00:00.007Z WARNING slow\n")
    }

    @Test("a value of several words is quoted in a text line")
    func quotedValues() {
        let metadata: Logger.Metadata = ["a": "two words", "b": "", "c": "x=y", "d": "q\"q", "e": "ü"]
        #expect(line(.text, "m", metadata).hasSuffix(#" m a="two words" b="" c="x=y" d="q\"q" e="ü""# + "\n"))
    }

    @Test(
        "no logged text breaks out of its line",
        arguments: [
            "a\nb", "a\r\nb", "\u{1B}[31m", "\u{0}", "\u{85}", "\u{2028}", "\u{2029}", "\u{7F}", "\u{9B}31m",
            "\u{202E}", "\u{2066}x", "\u{200B}", "\u{FEFF}", "\u{E0041}", "\u{E000}",
        ])
    func oneLine(text: String) {
        for format in WorkerConfiguration.LogFormat.allCases {
            let line = line(format, text, [LogKey.reason: .string(text), text: "value"])
            #expect(line.unicodeScalars.count { $0 == "\n" } == 1)
            let isPlain = line.unicodeScalars.dropLast().allSatisfy { scalar in
                scalar == " " || PrintableText.isPrintable(scalar)
            }
            #expect(isPlain)
        }
    }

    @Test(
        "a JSON line preserves every text exactly",
        arguments: ["", "plain", "\"\\/\u{8}\u{C}\n\r\t\u{0}\u{1F}", "ünï→😀", "\u{2028}\u{7F}", #"\u0041"#])
    func jsonTexts(text: String) throws {
        let object = try parsed(line(.json, text, [LogKey.reason: .string(text)]))
        #expect(object["message"] == .text(text))
        #expect(object["reason"] == .text(text))
        #expect(object["time"] == .text("2026-11-20T22:00:00.007Z"))
        #expect(object["level"] == .text("info"))
        #expect(object["logger"] == .text("sojourn"))
    }

    @Test("numbers and structure are preserved in a JSON line")
    func jsonValues() throws {
        let metadata: Logger.Metadata = [
            "count": .stringConvertible(5), "share": .stringConvertible(0.5), "flag": .stringConvertible(true),
            "nan": .stringConvertible(Double.nan), "list": ["a", ["b"]], "map": ["k": "v"],
        ]
        let object = try parsed(line(.json, "m", metadata))
        #expect(object["count"] == .number(5))
        #expect(object["share"] == .number(0.5))
        #expect(object["flag"] == .flag(true))
        #expect(object["nan"] == .text("nan"))
        #expect(object["list"] == .list([.text("a"), .list([.text("b")])]))
        #expect(object["map"] == .map(["k": .text("v")]))
    }

    @Test("metadata cannot replace the time or level of its line")
    func ownKeys() throws {
        let object = try parsed(line(.json, "m", ["time": "never", "level": "critical"]))
        #expect(object["level"] == .text("info"))
        #expect(object["metadata.level"] == .text("critical"))
        #expect(object["metadata.time"] == .text("never"))
    }

    @Test("a text that is too long is truncated, and the line stays valid")
    func longTexts() throws {
        let long = String(repeating: "ü\"", count: 100_000)
        let json = line(.json, long, ["reason": .string(long)])
        #expect(json.utf8.count < 3 * LogLineEncoder.longestText)
        guard case .text(let message) = try parsed(json)["message"] else {
            Issue.record("no message")
            return
        }
        #expect(message.hasSuffix("…"))
        #expect(line(.text, long, ["reason": .string(long)]).utf8.count < 3 * LogLineEncoder.longestText)
    }

    @Test("a logger merges its metadata, its provider's and the event's, and the event's wins")
    func merging() throws {
        let written = try linesWritten { writer in
            var handler = handler(writer)
            handler.metadata = ["a": "handler", "b": "handler", "c": "handler"]
            handler.metadataProvider = Logger.MetadataProvider { ["b": "provider", "c": "provider"] }
            Logger(label: "test") { _ in handler }.info("m", metadata: ["c": "event"])
        }
        #expect(written == ["2026-11-20T22:00:00.007Z INFO    m a=handler b=provider c=event"])
    }

    @Test("nothing is written below the level")
    func levels() throws {
        let written = try linesWritten { writer in
            let logger = Logger(label: "test") { _ in handler(writer) }
            logger.debug("no")
            logger.info("yes")
        }
        #expect(written.count == 1)
    }

    @Test("lines of many threads never mix")
    func threads() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "sojourn-log-\(UUID().uuidString)").path
        let descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND, 0o600)
        try #require(descriptor >= 0)
        defer {
            close(descriptor)
            unlink(path)
        }
        let writer = lineWriter(descriptor)
        let logger = Logger(label: "test") { [handler = handler(writer)] _ in handler }
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for count in 0..<200 {
                        logger.info("m", metadata: [LogKey.lane: "\(task)", LogKey.count: "\(count)"])
                    }
                }
            }
        }
        #expect(writer.flush(within: .seconds(30)))
        let lines = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 1600)
        #expect(Set(lines).count == 1600)
        #expect(lines.allSatisfy { $0.hasPrefix("2026-11-20T22:00:00.007Z INFO    m count=") })
    }

    private func lineWriter(_ descriptor: Int32) -> LineWriter {
        LineWriter(descriptor: descriptor) { Array("\($0) lost\n".utf8) }
    }

    private func handler(_ writer: LineWriter) -> WorkerLogHandler {
        WorkerLogHandler(label: "test", level: .info, format: .text, writer: writer, now: { Self.evening })
    }

    /// What arrived at the other end of a pipe. A pipe holds 64 KiB, more than these tests write.
    private func linesWritten(by body: (LineWriter) -> Void) throws -> [String] {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        let writer = lineWriter(ends[1])
        body(writer)
        #expect(writer.flush(within: .seconds(30)))
        close(ends[1])
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = Glibc.read(ends[0], &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// A JSON value, parsed by an independent parser.
private enum JSONText: Decodable, Hashable {
    case text(String)
    case number(Double)
    case flag(Bool)
    case list([JSONText])
    case map([String: JSONText])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let list = try? container.decode([JSONText].self) {
            self = .list(list)
        } else {
            self = .map(try container.decode([String: JSONText].self))
        }
    }
}
