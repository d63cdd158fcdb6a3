import Testing

@Suite("Inputs that fuzzing found")
struct ReplayTests {
    @Test(
        "each of them is decoded or refused, and so is every beginning of a seed", arguments: FuzzTarget.all.map(\.name)
    )
    func replay(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        #expect(!target.seeds.isEmpty)
        for seed in target.seeds {
            for length in 0...seed.count { target.run(Array(seed.prefix(length))) }
        }
        let corpus = try target.corpus()
        #expect(!corpus.isEmpty)
        for input in corpus { target.run(input) }
    }
}
