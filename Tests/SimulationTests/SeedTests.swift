import Simulation
import Testing

@Suite("Simulations from a seed")
struct SeedTests {
    @Test("the promises hold for thousands of seeds with every fault at every step")
    func seeds() {
        let result = Seeds.run(0..<2000)
        let replays = result.failed.prefix(5).map { report in
            "swift run sojourn-simulate --seed \(report.seed): \(report.violations[0])"
        }
        #expect(replays == [])
        print(result.matrix.table)
        #expect(result.matrix.empty == [])
    }

    @Test("a seed gives the same history every time", arguments: [3, 17, 1234] as [UInt64])
    func again(seed: UInt64) {
        let first = SeededRun.run(seed: seed, isVerbose: true)
        let second = SeededRun.run(seed: seed, isVerbose: true)
        #expect(first.history == second.history)
        #expect(!first.history.isEmpty)
    }
}
