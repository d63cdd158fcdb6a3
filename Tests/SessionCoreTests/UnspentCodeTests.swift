import SessionCore
import Testing

@Suite("Codes that are not used up in vain")
struct UnspentCodeTests {
    private func recoveryCount(_ scene: Scene) -> Int? { scene.aggregate.subject?.recovery?.digests.count }

    @Test("without a free slot for the session, its code is not checked")
    func withoutRoom() throws {
        var scene = Scene {
            $0.maxSessions = 1
            $0.onLimit = .reject
        }
        let (factor, recovery) = try scene.enrolled()
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        for proof in [
            FactorProof(kind: "recovery", code: recovery[0]), FactorProof(kind: "totp", code: scene.code(of: factor)),
            FactorProof(kind: "totp", code: Secret("wrong")),
        ] {
            #expect(scene.createOutcome { $0.factor = proof }.rejection == .limitReached)
            #expect(scene.kinds == [.limitReached])
        }
        #expect(recoveryCount(scene) == 10)
        #expect(scene.factors[0].attempts.failures == 0)
        #expect(scene.elevate(created.token, code: scene.code(of: factor)).rejection == nil)
    }

    @Test(
        "a single kind of factor never reaches level 2, and is refused before the code is used up",
        arguments: [nil, "sms"])
    func oneKind(method: ExactText?) throws {
        var scene = Scene { $0.mfa.required = .always }
        let (_, recovery) = try scene.enrolled()
        for _ in 0..<2 {
            let outcome = scene.createOutcome {
                $0.authentication = method.map { .init(methods: [$0]) }
                $0.factor = FactorProof(kind: "recovery", code: recovery[0])
            }
            #expect(outcome.rejection == .factorRejected)
            #expect(outcome.message?.contains("level 2") == true)
            #expect(scene.wroteNothing)
        }
        let created = try scene.create {
            $0.authentication = .init(methods: ["pwd"])
            $0.factor = FactorProof(kind: "recovery", code: recovery[0])
        }
        #expect(created.session.status == .active)
        #expect(recoveryCount(scene) == 9)
    }

    @Test("a code that does not raise a pending session to its level is not used up")
    func insufficient() throws {
        var scene = Scene { $0.mfa.required = .always }
        let (_, recovery) = try scene.enrolled()
        let created = try scene.create()
        for code in recovery { #expect(scene.elevate(created.token, recovery: code).rejection == .factorRejected) }
        #expect(scene.wroteNothing)
        #expect(recoveryCount(scene) == 10)
        #expect(scene.elevate(created.token, recovery: Secret("wrong")).rejection == .factorRejected)
        #expect(scene.wroteNothing, "nor is a wrong one counted")
        let better = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        #expect(scene.elevate(better.token, recovery: recovery[0]).rejection == nil)
    }

    @Test("a wrong code is not counted where no code would do", arguments: [nil, "otp"])
    func wrongInVain(method: ExactText?) throws {
        var scene = Scene { $0.mfa.required = .always }
        _ = try scene.enrolled()
        let outcome = scene.createOutcome {
            $0.authentication = method.map { .init(methods: [$0]) }
            $0.factor = FactorProof(kind: "totp", code: Secret("wrong"))
        }
        #expect(outcome.rejection == .factorRejected)
        #expect(scene.wroteNothing)
    }

    @Test("a code that cannot raise a child above its parent is not used up")
    func belowParent() throws {
        var scene = Scene("strict") { $0.mfa.required = .always }
        let (_, recovery) = try scene.enrolled()
        let parent = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        let outcome = scene.createOutcome {
            $0.parent = .init(id: parent.id)
            $0.policy = "strict"
            $0.authentication = .init(methods: ["pwd"])
            $0.factor = FactorProof(kind: "recovery", code: recovery[0])
        }
        #expect(outcome.rejection == .factorRejected)
        #expect(recoveryCount(scene) == 10)
    }

    @Test(
        "a context rule locks or ends the session without checking the code",
        arguments: [SessionPolicy.ContextRules.Reaction.lock, .revoke])
    func context(reaction: SessionPolicy.ContextRules.Reaction) throws {
        var scene = Scene { $0.context.country = reaction }
        let (_, recovery) = try scene.enrolled()
        let created = try scene.create {
            $0.authentication = .init(methods: ["pwd"])
            $0.context = ClientContext(country: "DE")
        }
        let outcome = scene.elevate(
            created.token, .factor(FactorProof(kind: "recovery", code: recovery[0])),
            context: ClientContext(country: "FR"))
        #expect(outcome.rejection == (reaction == .lock ? .sessionLocked : .sessionEnded))
        #expect(scene.status(of: created) == (reaction == .lock ? .locked : .revoked))
        #expect(recoveryCount(scene) == 10)
    }
}
