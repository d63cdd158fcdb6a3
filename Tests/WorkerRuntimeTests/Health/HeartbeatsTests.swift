import Testing

@testable import WorkerRuntime

@Suite("Heartbeats")
struct HeartbeatsTests {
    @Test("a part is stuck after as many looks without a beat as it is given, and no longer once it beats")
    func stuck() {
        var heartbeats = Heartbeats(patience: 3)
        #expect(heartbeats.look(at: ["a": 1, "b": 1]) == [])
        #expect(heartbeats.look(at: ["a": 1, "b": 2]) == [])
        #expect(heartbeats.look(at: ["a": 1, "b": 3]) == [])
        #expect(heartbeats.look(at: ["a": 1, "b": 4]) == ["a"])
        #expect(heartbeats.look(at: ["a": 1, "b": 5]) == ["a"])
        #expect(heartbeats.look(at: ["a": 2, "b": 6]) == [])
    }

    @Test("only looks in a row count")
    func inARow() {
        var heartbeats = Heartbeats(patience: 2)
        for beat in [1, 1, 2, 2, 3, 3] as [UInt64] { #expect(heartbeats.look(at: ["a": beat]) == []) }
    }

    @Test("a part that has ended is not stuck")
    func ended() {
        var heartbeats = Heartbeats(patience: 1)
        _ = heartbeats.look(at: ["a": 1])
        #expect(heartbeats.look(at: ["a": 1]) == ["a"])
        #expect(heartbeats.look(at: [:]) == [])
    }
}
