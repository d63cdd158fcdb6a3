import ArgumentParser
import Foundation
import Simulation

/// Runs simulations outside the tests: one seed with its history, many seeds, or an exhaustive search.
@main
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sojourn-simulate",
        abstract: "Run Sojourn's workers over a simulated broker and Redis, in virtual time, from a seed.")

    @Option(help: "Run only this seed, and print its history.")
    var seed: UInt64?

    @Option(help: "The number of seeds to run.")
    var seeds: UInt64 = 1000

    @Option(help: "The first seed.")
    var from: UInt64 = 0

    @Option(help: "Record each seed's history in this folder, for Tests/Chaos/judge.py.")
    var histories: String?

    @Flag(help: "Search every order of a small case instead: two workers, three commands, a crash, a redelivery.")
    var exhaustive = false

    @Option(help: "With --exhaustive: the number of crashes in a schedule.")
    var crashes = 1

    @Option(help: "With --exhaustive: the number of lost connections in a schedule.")
    var redeliveries = 1

    @Option(help: "With --exhaustive: the number of commands of each case, at most three.")
    var commands = 3

    @Option(help: "With --exhaustive: search only the case with this number.")
    var onlyCase: Int?

    @Flag(help: "With --exhaustive: take no two orders for one. Only small cases end.")
    var unreduced = false

    func run() throws {
        if exhaustive { return try runExhaustively() }
        if let histories { return try record(in: histories) }
        if let seed { return try run(seed) }
        try runMany()
    }

    /// To standard error: what is found goes to standard output.
    private var progress: ProgressReporter {
        ProgressReporter { FileHandle.standardError.write(Data(($0 + "\n").utf8)) }
    }

    private func run(_ seed: UInt64) throws {
        let report = SeededRun.run(seed: seed, isVerbose: true)
        for line in report.history { print(line) }
        print("seed \(seed): \(report.commands) commands, \(report.violations.count) violations")
        for violation in report.violations { print("  \(violation)") }
        if !report.violations.isEmpty { throw ExitCode.failure }
    }

    private func record(in folder: String) throws {
        let numbers = seed.map { $0..<($0 + 1) } ?? from..<(from + seeds)
        for number in numbers {
            let report = SeededRun.run(seed: number, isRecorded: true)
            let text = report.recorded.joined(separator: "\n") + "\n"
            try Data(text.utf8).write(to: URL(fileURLWithPath: folder).appending(path: "seed-\(number).jsonl"))
        }
        print("\(numbers.count) histories in \(folder)")
    }

    private func runMany() throws {
        let clock = ContinuousClock()
        let begin = clock.now
        let result = Seeds.run(from..<(from + seeds), progress) { report in
            print("seed \(report.seed): \(report.violations[0])")
        }
        print(result.matrix.table)
        print(
            "\(seeds) seeds, \(result.commands) commands, \(result.failed.count) with violations, in \(clock.now - begin)"
        )
        for cell in result.matrix.empty { print("no fault struck at \(cell)") }
        if let first = result.failed.first {
            print("replay the first failure with: swift run sojourn-simulate --seed \(first.seed)")
            throw ExitCode.failure
        }
    }

    private func runExhaustively() throws {
        let clock = ContinuousClock()
        let begin = clock.now
        var settings = Exhaustive.Settings()
        settings.crashes = crashes
        settings.redeliveries = redeliveries
        settings.commands = commands
        settings.onlyCase = onlyCase
        settings.isReduced = !unreduced
        let result = Exhaustive.run(settings, progress)
        print(result.summary)
        print("in \(clock.now - begin)")
        if let failure = result.failure {
            for line in failure.history { print(line) }
            for violation in failure.violations { print("  \(violation)") }
            throw ExitCode.failure
        }
    }
}
