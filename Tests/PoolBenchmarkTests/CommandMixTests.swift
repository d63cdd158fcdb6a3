import Testing

@testable import PoolBenchmark

@Suite("Command mix")
struct CommandMixTests {
    @Test("the weights of every mix add up to 1000", arguments: CommandMix.allCases)
    func sum(mix: CommandMix) {
        #expect(mix.weights.map(\.weight).reduce(0, +) == 1000)
    }

    @Test("every command gets exactly its share of the points", arguments: CommandMix.allCases)
    func shares(mix: CommandMix) {
        var counts: [MeasuredCommand: Int] = [:]
        for point in 0..<1000 { counts[mix.command(at: point), default: 0] += 1 }
        #expect(counts == Dictionary(uniqueKeysWithValues: mix.weights.map { ($0.command, $0.weight) }))
    }

    @Test("a sequence has about the stated shares, and is the same in every run")
    func sequence() {
        var (one, other) = (CommandSequence(.day), CommandSequence(.day))
        let commands = (0..<100_000).map { _ in one.next() }
        #expect(commands == (0..<100_000).map { _ in other.next() })
        for (command, weight) in CommandMix.day.weights {
            let share = Double(commands.filter { $0 == command }.count) / 100
            // Four standard deviations of a binomial distribution.
            let allowed = 4 * (Double(weight) * (1 - Double(weight) / 1000) / 100).squareRoot()
            #expect(abs(share - Double(weight)) < allowed, "\(command)")
        }
    }

    @Test("more sessions begin than are revoked in a day's mix, so that it does not run out of them")
    func sessionsLast() throws {
        let weights = Dictionary(uniqueKeysWithValues: CommandMix.day.weights.map { ($0.command, $0.weight) })
        #expect(try #require(weights[.create]) > #require(weights[.revoke]))
    }
}
