import SessionCore
import Testing

@Suite("Codes of second factors")
struct SecondFactorTests {
    @Test("a code that was accepted is not accepted again, by any command")
    func replayed() throws {
        var scene = Scene()
        let (factor, _) = try scene.enrolled()
        let code = scene.code(of: factor)
        let created = try scene.create { $0.factor = FactorProof(kind: "totp", code: code) }
        #expect(scene.elevate(created.token, code: code).rejection == .factorRejected)
        #expect(scene.kinds == [.factorRejected])
        #expect(scene.events[0].reason == "replayed")
        #expect(scene.events[0].session?.id == created.id)
        #expect(
            scene.createOutcome { $0.factor = FactorProof(kind: "totp", code: code) }.rejection == .factorRejected)
    }

    @Test("a code of a step before the last accepted one is not accepted")
    func olderStep() throws {
        var scene = Scene()
        let (factor, _) = try scene.enrolled()
        let created = try scene.create()
        scene.pass(seconds: 60)
        let step = PlainFactors.step(at: scene.now)
        let elevated = try scene.elevate(created.token, code: PlainFactors.code(of: factor, step: step)).issued()
        let older = PlainFactors.code(of: factor, step: step - 1)
        #expect(scene.elevate(elevated.token, code: older).rejection == .factorRejected)
    }

    @Test("a recovery code works once")
    func recovery() throws {
        var scene = Scene()
        let (_, recovery) = try scene.enrolled()
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        let elevated = try scene.elevate(created.token, recovery: recovery[3]).issued()
        #expect(elevated.session.assurance.methods(at: scene.now) == ["pwd", "otp"])
        #expect(scene.elevate(elevated.token, recovery: recovery[3]).rejection == .factorRejected)
        #expect(scene.events[0].detail == .factor(id: nil, kind: "recovery"))
        #expect(scene.aggregate.subject?.recovery?.digests.count == 9)
    }

    @Test("too many wrong codes in a row lock the factor for a while, even for the right code")
    func locks() throws {
        var scene = Scene { $0.mfa.maxAttempts = 3 }
        let (factor, _) = try scene.enrolled()
        let created = try scene.create()
        var reasons: [String?] = []
        for _ in 0..<3 {
            #expect(scene.elevate(created.token, code: Secret("wrong")).rejection == .factorRejected)
            reasons += scene.events.map(\.reason)
        }
        #expect(reasons == ["code", "code", "locked"])
        #expect(scene.elevate(created.token, code: scene.code(of: factor)).rejection == .factorLocked)
        #expect(scene.wroteNothing)
        scene.pass(seconds: 899)
        #expect(scene.elevate(created.token, code: scene.code(of: factor)).rejection == .factorLocked)
        scene.pass(seconds: 1)
        #expect(scene.elevate(created.token, code: scene.code(of: factor)).rejection == nil)
    }

    @Test("a right code resets the count of wrong ones")
    func rightCodeResets() throws {
        var scene = Scene { $0.mfa.maxAttempts = 2 }
        let (factor, _) = try scene.enrolled()
        let created = try scene.create()
        _ = scene.elevate(created.token, code: Secret("wrong"))
        let elevated = try scene.elevate(created.token, code: scene.code(of: factor)).issued()
        _ = scene.elevate(elevated.token, code: Secret("wrong"))
        scene.pass(seconds: 60)
        #expect(scene.elevate(elevated.token, code: scene.code(of: factor)).rejection == nil)
    }

    @Test("a right recovery code ends the row of wrong ones")
    func rightRecoveryCodeResets() throws {
        var scene = Scene { $0.mfa.maxAttempts = 2 }
        let (_, recovery) = try scene.enrolled()
        let created = try scene.create()
        _ = scene.elevate(created.token, recovery: Secret("wrong"))
        let elevated = try scene.elevate(created.token, recovery: recovery[0]).issued()
        _ = scene.elevate(elevated.token, recovery: Secret("wrong"))
        #expect(scene.events.map(\.reason) == ["code"])
    }

    @Test("a replayed code counts as a wrong one")
    func replayCounts() throws {
        var scene = Scene { $0.mfa.maxAttempts = 2 }
        let (factor, _) = try scene.enrolled()
        let created = try scene.create()
        let elevated = try scene.elevate(created.token, code: scene.code(of: factor)).issued()
        for _ in 0..<2 { _ = scene.elevate(elevated.token, code: scene.code(of: factor)) }
        #expect(scene.events.map(\.reason) == ["locked"])
    }

    @Test("recovery codes are locked separately from the authenticator")
    func recoveryLocks() throws {
        var scene = Scene { $0.mfa.maxAttempts = 1 }
        let (factor, recovery) = try scene.enrolled()
        let created = try scene.create()
        #expect(scene.elevate(created.token, recovery: Secret("wrong")).rejection == .factorRejected)
        #expect(scene.elevate(created.token, recovery: recovery[0]).rejection == .factorLocked)
        #expect(scene.elevate(created.token, code: scene.code(of: factor)).rejection == nil)
    }

    @Test("a code of any of the subject's authenticators is accepted")
    func anyFactor() throws {
        var scene = Scene()
        _ = try scene.enrolled(label: "first")
        let (second, _) = try scene.enrolled(label: "second")
        let created = try scene.create()
        #expect(scene.elevate(created.token, code: scene.code(of: second)).rejection == nil)
    }

    @Test("a kind of factor that the subject does not have is not found")
    func notFound() throws {
        var scene = Scene()
        let created = try scene.create()
        for kind in ["totp", "recovery", "carrier-pigeon"] {
            let outcome = scene.elevate(
                created.token, .factor(FactorProof(kind: kind, code: Secret("1"))), context: nil)
            #expect(outcome.rejection == .factorNotFound)
        }
        #expect(scene.wroteNothing)
    }

    @Test("a wrong code in session.create is rejected, counted, and announced for the subject")
    func wrongAtCreation() throws {
        var scene = Scene()
        let (factor, _) = try scene.enrolled()
        let outcome = scene.createOutcome { $0.factor = FactorProof(kind: "totp", code: Secret("wrong")) }
        #expect(outcome.rejection == .factorRejected)
        #expect(scene.kinds == [.factorRejected])
        #expect(scene.events[0].session == nil)
        #expect(scene.events[0].detail == .factor(id: factor.id, kind: "totp"))
        #expect(scene.aggregate.sessions.isEmpty)
        #expect(scene.factors[0].attempts.failures == 1)
    }
}
