import Simulation
import Testing

@Suite("The search of every order")
struct ExhaustiveTests {
    @Test(
        "orders that count as one end alike: without that, the outcomes are the same",
        arguments: [
            (onlyCase: 1, commands: 2, faults: 0), (onlyCase: 2, commands: 2, faults: 0),
            (onlyCase: 1, commands: 1, faults: 1), (onlyCase: 2, commands: 1, faults: 1),
        ])
    func reduction(onlyCase: Int, commands: Int, faults: Int) {
        var settings = Exhaustive.Settings()
        settings.onlyCase = onlyCase
        settings.commands = commands
        settings.crashes = faults
        settings.redeliveries = faults
        let reduced = Exhaustive.run(settings)
        settings.isReduced = false
        let unreduced = Exhaustive.run(settings)
        #expect(reduced.failure == nil)
        #expect(unreduced.failure == nil)
        #expect(!reduced.outcomes.isEmpty)
        #expect(reduced.outcomes == unreduced.outcomes)
        #expect(reduced.states < unreduced.states)
    }
}
