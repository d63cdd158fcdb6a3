import ArgumentParser
import TestSupport

/// Runs one operation a number of times, for `deploy/local/microbench`, which has valgrind count what that takes.
@main
struct MicroBenchmarkProgram: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sojourn-microbenchmarks",
        abstract: "Run one of Sojourn's operations a number of times; without arguments, list them.")

    @Argument(help: "The operation.")
    var name: String?

    @Argument(help: "How often to run it, up to \(MicroBenchmark.maxCount).")
    var count = 1

    func validate() throws {
        guard (0...MicroBenchmark.maxCount).contains(count) else {
            throw ValidationError("the count must be 0 to \(MicroBenchmark.maxCount)")
        }
    }

    func run() throws {
        guard let name else {
            for benchmark in MicroBenchmark.all { print(benchmark.name) }
            return
        }
        guard MicroBenchmark.all.contains(where: { $0.name == name }) else {
            throw ValidationError("there is no operation \"\(name)\"")
        }
        try OneThread.run { [count] in
            for benchmark in MicroBenchmark.all where benchmark.name == name {
                try await benchmark.prepare(Scene()).run(count)
            }
        }
    }
}
