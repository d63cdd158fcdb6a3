import SessionCore
import Testing

@Suite("The limit of pending sessions")
struct PendingLimitTests {
    private func scene(_ strategy: SessionPolicy.LimitStrategy, limit: Int = 2) -> Scene {
        Scene {
            $0.maxSessions = limit
            $0.onLimit = strategy
            $0.mfa.required = .always
        }
    }

    private func whole(_ scene: inout Scene) throws -> Issued {
        scene.pass(seconds: 1)
        return try scene.create { $0.authentication = .init(methods: ["pwd", "otp"]) }
    }

    private func half(_ scene: inout Scene) throws -> Issued {
        scene.pass(seconds: 1)
        return try scene.create { $0.authentication = .init(methods: ["pwd"]) }
    }

    @Test("knowing only the password ends no active session", arguments: SessionPolicy.LimitStrategy.allCases)
    func logsNobodyOut(strategy: SessionPolicy.LimitStrategy) throws {
        var scene = scene(strategy)
        let users = [try whole(&scene), try whole(&scene)]
        for _ in 0..<5 { _ = try half(&scene) }
        for user in users { #expect(try scene.validate(user.token, touch: false).isValid) }
        #expect(try scene.list().count == 4)
    }

    @Test(
        "one pending session more than the limit evicts the oldest pending one, whatever the strategy",
        arguments: SessionPolicy.LimitStrategy.allCases)
    func evictsOldestPending(strategy: SessionPolicy.LimitStrategy) throws {
        var scene = scene(strategy)
        let user = try whole(&scene)
        let first = try half(&scene)
        _ = try half(&scene)
        let third = try half(&scene)
        #expect(third.evicted == [first.id])
        #expect(scene.kinds == [.limitReached, .evicted, .created])
        #expect(scene[first]?.ending?.reason == .evicted)
        #expect(scene.status(of: user) == .active)
    }

    @Test("a session that becomes active evicts like a new one")
    func elevationEvicts() throws {
        var scene = scene(.evictOldest)
        let users = [try whole(&scene), try whole(&scene)]
        let pending = try half(&scene)
        let elevated = try scene.elevate(pending.token, methods: ["otp"]).issued()
        #expect(elevated.session.status == .active)
        #expect(scene.kinds == [.limitReached, .evicted, .elevated])
        #expect(scene.events[1].session?.id == users[0].id)
    }

    @Test("without a free slot a session stays pending, and its code is not used up")
    func elevationRefused() throws {
        var scene = scene(.reject)
        let (factor, recovery) = try scene.enrolled()
        _ = try whole(&scene)
        let user = try whole(&scene)
        let pending = try half(&scene)
        #expect(scene.elevate(pending.token, methods: ["otp"]).rejection == .limitReached)
        #expect(scene.kinds == [.limitReached])
        #expect(scene.elevate(pending.token, recovery: recovery[0]).rejection == .limitReached)
        #expect(scene.elevate(pending.token, code: Secret("wrong")).rejection == .limitReached)
        #expect(scene.factors[0].attempts.failures == 0)
        #expect(scene.status(of: pending) == .pending)
        _ = try scene.revoke(.session(user.id))
        scene.pass(seconds: 60)
        #expect(scene.elevate(pending.token, code: scene.code(of: factor)).rejection == nil)
        #expect(scene.aggregate.subject?.recovery?.digests.count == 10)
    }

    @Test("a session resumed without its second factor evicts no active one")
    func comesBack() throws {
        var scene = scene(.evictOldest, limit: 1)
        scene.pass(seconds: 1)
        let idle = try scene.create {
            $0.authentication = .init(methods: ["pwd", "otp"])
            $0.idleSeconds = 60
        }
        scene.pass(seconds: 60)
        let user = try whole(&scene)
        let back = try scene.reauthenticate(idle.token).issued()
        #expect(back.session.status == .pending)
        #expect(scene.kinds == [.reauthenticated])
        #expect(scene.status(of: user) == .active)
    }

    @Test("a locked pending session still counts as pending")
    func locked() throws {
        var scene = scene(.reject, limit: 1)
        let pending = try half(&scene)
        _ = scene.lock(.session(pending.id))
        let user = try whole(&scene)
        #expect(user.evicted == [])
        #expect(try half(&scene).evicted == [pending.id])
    }

    @Test("at the subject's total limit, pending sessions are evicted")
    func hardLimit() throws {
        var scene = scene(.reject, limit: 0)
        let pending = try scene.create().session
        scene.add(SubjectTransaction.maxLivingSessions - 1, like: pending)
        #expect(try whole(&scene).evicted.count == 1)
        #expect(try scene.create().evicted.count == 1)
        #expect(scene.aggregate.sessions.values.count { $0.status.isLiving } == SubjectTransaction.maxLivingSessions)
    }

    @Test("at the most that a subject can have, the last pending one gives way as well")
    func lastOfHardLimit() throws {
        var scene = scene(.reject, limit: 0)
        let pending = try half(&scene)
        let user = try whole(&scene)
        scene.add(SubjectTransaction.maxLivingSessions - 2, like: user.session)
        #expect(try whole(&scene).evicted == [pending.id])
        #expect(scene.createOutcome { $0.authentication = .init(methods: ["mfa"]) }.rejection == .limitReached)
    }

    @Test("at the most that a subject can have, the limit of a policy holds too")
    func bothLimits() throws {
        var scene = Scene()
        var single = SessionPolicy()
        single.maxSessions = 1
        single.onLimit = .reject
        var many = SessionPolicy()
        many.maxSessions = 0
        many.mfa.required = .always
        scene.policies = PolicyCatalogue(["many": many, "default": single])
        let pending = try scene.create { $0.policy = "many" }
        let user = try scene.create {
            $0.policy = "many"
            $0.authentication = .init(methods: ["mfa"])
        }
        _ = try scene.create()
        scene.add(SubjectTransaction.maxLivingSessions - 3, like: user.session)
        let outcome = scene.createOutcome()
        #expect(outcome.message == "1 of 1 sessions are in use")
        #expect(scene.status(of: pending) == .pending)
    }

    @Test("at the most that a subject can have, a pending session becomes active in its own place")
    func elevatesAtHardLimit() throws {
        var scene = scene(.reject, limit: 0)
        let pending = try half(&scene)
        scene.add(SubjectTransaction.maxLivingSessions - 1, like: pending.session)
        #expect(try scene.elevate(pending.token, methods: ["otp"]).issued().session.status == .active)
        #expect(scene.kinds == [.elevated])
    }
}
