import Testing

@testable import SessionCore

@Suite("Assurance levels")
struct AssuranceTests {
    private let start = Timestamp(milliseconds: 0)

    private func at(_ seconds: Int) -> Timestamp { start.adding(seconds: seconds) }

    @Test("without any method the level is 1")
    func nothing() {
        #expect(Assurance().level(at: start) == 1)
        #expect(Assurance().methods(at: start) == [])
    }

    @Test("an elevation counts until it expires, and not at that moment")
    func decays() {
        let assurance = Assurance(methods: ["pwd"], elevations: [.init(methods: ["hwk"], until: at(10))])
        #expect(assurance.level(at: Timestamp(milliseconds: 9999)) == 3)
        #expect(assurance.level(at: at(10)) == 1)
        #expect(assurance.methods(at: at(10)) == ["pwd"])
    }

    @Test("methods are listed in the order in which they were shown, each once")
    func order() {
        let assurance = Assurance(
            methods: ["pwd", "otp"], elevations: [.init(methods: ["otp", "fpt"], until: at(10))])
        #expect(assurance.methods(at: start) == ["pwd", "otp", "fpt"])
    }

    @Test("a ceiling lowers the level, and never raises it")
    func ceiling() {
        let lowered = Assurance(methods: ["pwd", "hwk"], ceiling: .init(level: 2, until: at(10), laterLevel: 1))
        #expect(lowered.level(at: start) == 2)
        #expect(lowered.level(at: at(10)) == 1)
        #expect(Assurance(methods: ["pwd"], ceiling: .init(level: 3, until: nil, laterLevel: 3)).level(at: start) == 1)
    }

    @Test("a method shown again counts from then, and the others as long as they would have")
    func elevations() {
        var assurance = Assurance(methods: ["pwd"])
        assurance.elevate(by: ["hwk"], until: at(10), at: at(0))
        assurance.elevate(by: ["otp"], until: at(15), at: at(5))
        #expect(assurance.methods(at: at(9)) == ["pwd", "hwk", "otp"])
        #expect(assurance.level(at: at(9)) == 3)
        #expect(assurance.level(at: at(10)) == 2)
        assurance.elevate(by: ["otp"], until: at(22), at: at(12))
        #expect(assurance.level(at: at(21)) == 2)
        #expect(assurance.level(at: at(22)) == 1)
    }

    @Test("eight elevations are kept; what has decayed or is shown again takes none of their places")
    func places() {
        var assurance = Assurance()
        for number in 1...8 { assurance.elevate(by: ["m\(number)"], until: at(109 - number), at: at(0)) }
        #expect(assurance.methods(at: at(0)).count == 8)
        var again = assurance
        again.elevate(by: ["m8"], until: at(101), at: at(0))
        #expect(again == assurance, "the same until the same moment")
        again.elevate(by: ["m8", "new"], until: at(200), at: at(50))
        #expect(again.methods(at: at(50)) == ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "new"])
        assurance.elevate(by: ["new"], until: at(200), at: at(101))
        #expect(assurance.elevations.count == 8, "the last has just decayed")
        #expect(assurance.elevations.first?.methods == ["m1"])
        assurance.elevate(by: ["newer"], until: at(200), at: at(101))
        #expect(assurance.elevations.first?.methods == ["m2"], "the oldest gives way")
    }

    @Test("the number of elevations that a session keeps is bounded")
    func boundedElevations() {
        var assurance = Assurance()
        for second in 0..<100 { assurance.elevate(by: ["m\(second)"], until: at(1000 + second), at: at(second)) }
        #expect(assurance.elevations.count <= 16)
        #expect(assurance.methods(at: at(100)).contains("m99"))
    }

    @Test("an elevation under a stricter policy does not shorten earlier ones")
    func shorterElevation() {
        var assurance = Assurance(methods: ["pwd"])
        assurance.elevate(by: ["otp"], until: at(100), at: at(0))
        assurance.elevate(by: ["otp"], until: at(20), at: at(10))
        #expect(assurance.level(at: at(99)) == 2)
    }

    @Test(
        "a child's ceiling is never above its parent's level",
        arguments: [
            Assurance(methods: ["pwd"]),
            Assurance(methods: ["pwd", "otp"]),
            Assurance(methods: ["pwd"], elevations: [.init(methods: ["otp"], until: Timestamp(milliseconds: 5000))]),
            Assurance(methods: ["pwd"], elevations: [.init(methods: ["otp"], until: Timestamp(milliseconds: -5000))]),
            Assurance(
                methods: ["pwd", "otp"], elevations: [.init(methods: ["hwk"], until: Timestamp(milliseconds: 5000))],
                ceiling: .init(level: 3, until: Timestamp(milliseconds: 3000), laterLevel: 2)),
            Assurance(
                methods: ["pwd", "otp"], elevations: [.init(methods: ["hwk"], until: Timestamp(milliseconds: 3000))],
                ceiling: .init(level: 3, until: Timestamp(milliseconds: 5000), laterLevel: 1)),
            Assurance(methods: ["mfa", "hwk"], ceiling: .init(level: 2, until: nil, laterLevel: 2)),
            Assurance(
                methods: ["pwd"],
                elevations: [
                    .init(methods: ["hwk"], until: Timestamp(milliseconds: 2000)),
                    .init(methods: ["otp"], until: Timestamp(milliseconds: 4000)),
                    .init(methods: ["fpt"], until: Timestamp(milliseconds: 6000)),
                ]),
        ])
    func ceilings(parent: Assurance) {
        let child = Assurance(methods: ["mfa", "hwk"], ceiling: parent.ceilingForChild(at: start))
        for millisecond in stride(from: Int64(0), through: 8000, by: 500) {
            let now = Timestamp(milliseconds: millisecond)
            #expect(child.level(at: now) <= parent.level(at: now))
        }
        #expect(child.level(at: start) == parent.level(at: start))
    }
}
