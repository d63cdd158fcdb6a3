import SessionCore
import Testing

@Suite("Guessing codes")
struct GuessingTests {
    private let wrong = Secret("wrong")

    private func scene() -> Scene {
        var scene = Scene()
        var strict = SessionPolicy()
        strict.mfa.maxAttempts = 2
        strict.maxSessions = 0
        var lax = strict
        lax.mfa.maxAttempts = 1000
        lax.mfa.lockSeconds = 1
        var usual = strict
        usual.mfa.maxAttempts = 100
        scene.policies = PolicyCatalogue(["strict": strict, "lax": lax, "default": usual])
        return scene
    }

    private func guess(_ scene: inout Scene, under policy: String, kind: String = "totp") -> Outcome {
        scene.createOutcome {
            $0.policy = ExactText(policy)
            $0.factor = FactorProof(kind: kind, code: wrong)
        }
    }

    @Test(
        "no policy allows more guesses than the strictest one that the factor was used under",
        arguments: ["totp", "recovery"])
    func strictestHolds(kind: String) throws {
        var scene = scene()
        _ = try scene.enrolled()
        for _ in 0..<10 { #expect(guess(&scene, under: "lax", kind: kind).rejection == .factorRejected) }
        #expect(guess(&scene, under: "strict", kind: kind).rejection == .factorRejected)
        #expect(scene.events.map(\.reason) == ["locked"])
        scene.pass(seconds: 900)
        var reasons: [String?] = []
        for _ in 0..<2 {
            #expect(guess(&scene, under: "lax", kind: kind).rejection == .factorRejected)
            reasons += scene.events.map(\.reason)
        }
        #expect(reasons == ["code", "locked"])
        #expect(guess(&scene, under: "lax", kind: kind).rejection == .factorLocked)
    }

    @Test("a right code resets everything, including the strictest policy")
    func rightCode() throws {
        var scene = scene()
        let (factor, _) = try scene.enrolled()
        _ = guess(&scene, under: "strict")
        let created = try scene.create()
        #expect(scene.elevate(created.token, code: scene.code(of: factor)).rejection == nil)
        for _ in 0..<10 { #expect(guess(&scene, under: "lax").rejection == .factorRejected) }
        #expect(scene.events.map(\.reason) == ["code"])
    }

    @Test("wrong codes in factor.confirm count like any others, even after it is confirmed")
    func confirm() throws {
        var scene = scene()
        let (factor, _) = try scene.enrolled()
        #expect(guess(&scene, under: "strict").rejection == .factorRejected)
        #expect(scene.confirm(factor.id, code: wrong).rejection == .factorRejected)
        #expect(scene.events.map(\.reason) == ["locked"])
        #expect(scene.confirm(factor.id, code: scene.code(of: factor)).rejection == .factorLocked)
        #expect(guess(&scene, under: "lax").rejection == .factorLocked)
    }

    @Test("each lock is twice as long as the previous one, up to a day")
    func growingLocks() throws {
        var scene = scene()
        let (factor, _) = try scene.enrolled()
        func lock(_ scene: inout Scene) throws -> Int64 {
            for _ in 0..<2 { #expect(guess(&scene, under: "strict").rejection == .factorRejected) }
            let until = try #require(scene.factors[0].attempts.lockedUntil)
            defer { scene.now = until }
            return (until.milliseconds - scene.now.milliseconds) / 1000
        }
        var locks: [Int64] = []
        for _ in 0..<9 { locks.append(try lock(&scene)) }
        #expect(locks == [900, 1800, 3600, 7200, 14400, 28800, 57600, 86400, 86400])
        let again = try scene.create { $0.policy = "strict" }
        #expect(scene.elevate(again.token, code: scene.code(of: factor)).rejection == nil)
        #expect(try lock(&scene) == 900)
    }

    @Test("a short lock under one policy does not shorten a lock under another")
    func shorterPolicy() throws {
        var scene = scene()
        _ = try scene.enrolled()
        for _ in 0..<2 { _ = guess(&scene, under: "strict") }
        scene.pass(seconds: 900)
        for _ in 0..<2 { _ = guess(&scene, under: "lax") }
        let until = try #require(scene.factors[0].attempts.lockedUntil)
        #expect(until == scene.now.adding(seconds: 1800))
    }
}
