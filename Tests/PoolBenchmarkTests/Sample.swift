import FoundationEssentials
import SessionContract
import SessionCore

@testable import PoolBenchmark

/// Reports as a run could have made them, for tests.
enum Sample {
    struct Unexpected: Error {}

    static let reports = [full, report(of: MeasuredRun()), interrupted]

    /// An echo and two mixes, with errors and a timeout.
    static let full: BenchmarkReport = {
        var run = MeasuredRun()
        run.echo = phase(.echo, [.echo: 30_000], microseconds: 400)
        run.mixes = [
            (.validate, phase(.mix(.validate), [.validate: 20_000], microseconds: 900)),
            (
                .day,
                phase(
                    .mix(.day),
                    [
                        .validate: 9000, .refresh: 400, .create: 200, .revoke: 150, .get: 100, .list: 100,
                        .activity: 50,
                    ], microseconds: 1500, failures: 3)
            ),
        ]
        run.sessionsCreated = 2200
        run.firstError = "the store is <unavailable> & says so"
        return report(of: run)
    }()

    static let interrupted: BenchmarkReport = {
        var run = MeasuredRun()
        run.mixes = [(.login, phase(.mix(.login), [.create: 7], microseconds: 3000))]
        run.isInterrupted = true
        run.sessionsLeft = 4
        return report(of: run)
    }()

    static func report(of run: MeasuredRun) -> BenchmarkReport {
        var settings = BenchmarkSettings()
        settings.mixes = run.mixes.map(\.mix)
        return BenchmarkReport(
            namespace: "test", broker: "127.0.0.1:5672", settings: settings, identity: RunIdentity(id: "01234567"),
            machine: MachineDescription(processor: "A <fast> one", cores: 2, memoryBytes: 1 << 34, system: "Linux 6.1"),
            processes: WatchedProcesses(workers: [10, 11], broker: 12), redisVersion: "7.0.15",
            endedAt: Timestamp(milliseconds: 1_795_800_000_000), run: run)
    }

    /// Commands that took about this long, one after the other.
    private static func phase(
        _ content: Phase.Content, _ counts: [MeasuredCommand: Int], microseconds: UInt64, failures: Int = 0
    ) -> PhaseMeasurement {
        let second: UInt64 = 1_000_000_000
        var run = PhaseRun(Phase(content, seconds: 10), now: 0, timeout: second)
        _ = run.advance(to: 0)
        var random = SplitMix64(state: 7)
        let commands = counts.sorted { $0.key.rawValue < $1.key.rawValue }
            .flatMap { Array(repeating: $0.key, count: $0.value) }.shuffled(using: &random)
        for (number, command) in commands.enumerated() {
            let due = UInt64(number) * (10 * second) / UInt64(commands.count + 1)
            let latency =
                microseconds * 1000 * (1 + random.next() % 100 / 90 * (random.next() % 20)) + random.next() % 99_999
            let request = OutstandingRequests.Request(command: command, due: due, sent: due, isCounted: true)
            run.sent(request)
            _ = run.advance(to: due)
            switch number {
            case 0 where failures > 0: run.timedOut(request, at: due + second)
            case ..<failures: run.answered(request, .failed(code: "unavailable"), at: due + latency)
            default: run.answered(request, .succeeded, at: due + latency)
            }
        }
        _ = run.advance(to: 10 * second)
        run.setCPU([.worker: 0.5, .broker: 0.9, .redis: 0.1, .client: 0.3])
        return run.measurement
    }

    static func schema() throws -> [UInt8] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return Array(try Data(contentsOf: root.appending(path: "docs/bench-report.schema.json")))
    }
}

/// Checks that a document is well-formed XML, as far as ours use it: elements, attributes in double quotes, the five entities.
enum XMLCheck {
    struct Malformed: Error {
        let reason: String
    }

    static func wellFormed(_ text: String) throws(Malformed) {
        var rest = text[...]
        var open: [Substring] = []
        var hadRoot = false
        while let start = rest.firstIndex(of: "<") {
            try check(text: rest[..<start])
            guard let end = rest[start...].firstIndex(of: ">") else { throw Malformed(reason: "a tag has no end") }
            var tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("/") {
                guard open.popLast() == tag.dropFirst() else { throw Malformed(reason: "</\(tag.dropFirst())>") }
                continue
            }
            guard !(open.isEmpty && hadRoot) else { throw Malformed(reason: "a second root: \(tag)") }
            hadRoot = true
            let isEmpty = tag.hasSuffix("/")
            if isEmpty { tag = tag.dropLast() }
            let name = tag.prefix { !$0.isWhitespace }
            try check(attributes: tag.dropFirst(name.count))
            if !isEmpty { open.append(name) }
        }
        guard open.isEmpty, hadRoot else { throw Malformed(reason: "left open: \(open)") }
    }

    private static func check(attributes: Substring) throws(Malformed) {
        var rest = attributes.drop { $0.isWhitespace }
        var seen: Set<Substring> = []
        while !rest.isEmpty {
            guard let equals = rest.firstIndex(of: "="), seen.insert(rest[..<equals]).inserted,
                rest[rest.index(after: equals)...].first == "\""
            else { throw Malformed(reason: "the attributes \(attributes)") }
            let value = rest[rest.index(equals, offsetBy: 2)...]
            guard let quote = value.firstIndex(of: "\"") else {
                throw Malformed(reason: "an open quote: \(attributes)")
            }
            try check(text: value[..<quote])
            rest = value[value.index(after: quote)...].drop { $0.isWhitespace }
        }
    }

    private static func check(text: Substring) throws(Malformed) {
        for part in text.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
            guard ["amp;", "lt;", "gt;", "quot;", "apos;"].contains(where: part.hasPrefix) else {
                throw Malformed(reason: "an ampersand that is no entity: &\(part.prefix(8))")
            }
        }
    }
}
