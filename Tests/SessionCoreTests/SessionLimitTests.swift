import SessionCore
import Testing

@Suite("The session limit")
struct LimitTests {
    @Test("the sixth session evicts the least recently active")
    func evictsLeastRecentlyActive() throws {
        var scene = Scene()
        var created: [Issued] = []
        for _ in 0..<5 {
            created.append(try scene.create())
            scene.pass(seconds: 10)
        }
        scene.pass(seconds: 100)
        _ = try scene.validate(created[0].token)
        let sixth = try scene.create()
        #expect(sixth.evicted == [created[1].session.id])
        #expect(scene.events.map(\.kind) == [.limitReached, .evicted, .created])
        #expect(scene.events.map(\.sequence) == [6, 7, 8])
        #expect(scene.events[1].reason == "evicted")
        #expect(scene.aggregate.sessions[created[1].session.id]?.status == .revoked)
        #expect(try scene.validate(created[1].token).reason == .revoked)
    }

    @Test("evictOldest evicts the session created first")
    func evictsOldest() throws {
        var scene = Scene {
            $0.maxSessions = 2
            $0.onLimit = .evictOldest
        }
        let first = try scene.create()
        scene.pass(seconds: 100)
        _ = try scene.create()
        scene.pass(seconds: 100)
        _ = try scene.validate(first.token)
        #expect(try scene.create().evicted == [first.session.id])
    }

    @Test("reject reports how many are in use, and announces it")
    func rejects() throws {
        var scene = Scene {
            $0.maxSessions = 1
            $0.onLimit = .reject
        }
        _ = try scene.create()
        let outcome = scene.decide(CreateSession(subject: "alice"))
        #expect(outcome.rejection == .limitReached)
        if case .rejected(let rejection) = outcome { #expect(rejection.message == "1 of 1 sessions are in use") }
        #expect(scene.events.map(\.kind) == [.limitReached])
        #expect(scene.aggregate.sessions.count == 1)
    }

    @Test("expired sessions do not count, and are ended first")
    func expiredDoNotCount() throws {
        var scene = Scene {
            $0.maxSessions = 1
            $0.onLimit = .reject
        }
        _ = try scene.create()
        scene.pass(seconds: 1800)
        _ = try scene.create()
        #expect(scene.events.map(\.kind) == [.expired, .created])
    }

    @Test("a limit of zero means no limit")
    func noLimit() throws {
        var scene = Scene { $0.maxSessions = 0 }
        for _ in 0..<20 { #expect(try scene.create().evicted == []) }
    }

    @Test("sessions of another policy do not count")
    func otherPolicy() throws {
        var scene = Scene()
        var single = SessionPolicy()
        single.maxSessions = 1
        scene.policies = PolicyCatalogue(["single": single])
        for _ in 0..<5 { _ = try scene.create() }
        #expect(try scene.create { $0.policy = "single" }.evicted == [])
        #expect(try scene.create { $0.policy = "single" }.evicted.count == 1)
    }

    @Test("the number of remembered ended sessions is bounded")
    func endedAreBounded() throws {
        var scene = Scene { $0.maxSessions = 1 }
        for _ in 0..<150 { _ = try scene.create() }
        let ended = scene.aggregate.sessions.values.filter { !$0.status.isLiving }
        #expect(ended.count == SubjectTransaction.maxEndedSessions)
    }

    @Test("an eviction is announced with its reason, and the evicted session answers as revoked")
    func evicted() throws {
        var scene = Scene { $0.maxSessions = 1 }
        let first = try scene.create()
        #expect(try scene.create().evicted == [first.id])
        #expect(scene.kinds == [.limitReached, .evicted, .created])
        #expect(scene.events[0].session == nil)
        #expect(scene.events[1].session?.id == first.id)
        #expect(scene[first]?.ending?.reason == .evicted)
        #expect(try scene.validate(first.token).reason == .revoked)
        #expect(scene.refresh(first.refresh).rejection == .sessionEnded)
    }

    @Test("locked sessions count, pending and ended ones do not")
    func counted() throws {
        var scene = Scene {
            $0.maxSessions = 2
            $0.onLimit = .reject
            $0.mfa.required = .always
        }
        func whole(_ scene: inout Scene) -> Outcome {
            scene.createOutcome { $0.authentication = .init(methods: ["mfa"]) }
        }
        _ = try scene.create()
        let locked = try whole(&scene).issued()
        _ = scene.lock(.session(locked.id))
        let other = try whole(&scene).issued()
        #expect(whole(&scene).rejection == .limitReached)
        _ = try scene.revoke(.session(other.id))
        #expect(whole(&scene).rejection == nil)
    }

    @Test("a lowered limit is enforced when the next session begins")
    func lowered() throws {
        var scene = Scene()
        for _ in 0..<5 {
            _ = try scene.create()
            scene.pass(seconds: 1)
        }
        var strict = SessionPolicy()
        strict.maxSessions = 2
        scene.policies = PolicyCatalogue(["default": strict])
        #expect(try scene.create().evicted.count == 4)
        #expect(try scene.list().count == 2)
    }

    @Test(
        "a resumed session needs a slot, and evicts under either strategy",
        arguments: [
            SessionPolicy.LimitStrategy.evictOldest, .evictLeastRecentlyActive,
        ])
    func comesBack(strategy: SessionPolicy.LimitStrategy) throws {
        var scene = Scene {
            $0.maxSessions = 2
            $0.onLimit = strategy
        }
        let idle = try scene.create { $0.idleSeconds = 60 }
        scene.pass(seconds: 60)
        let older = try scene.create()
        scene.pass(seconds: 60)
        let younger = try scene.create()
        scene.pass(seconds: 60)
        _ = try scene.validate(older.token)
        _ = try scene.reauthenticate(idle.token).issued()
        #expect(scene.kinds == [.limitReached, .evicted, .reauthenticated])
        let evicted = strategy == .evictOldest ? older : younger
        #expect(scene.events[1].session?.id == evicted.id)
        #expect(try scene.list().count == 2)
    }

    @Test("a session is not resumed without a free slot, and stays expired")
    func comesBackInVain() throws {
        var scene = Scene {
            $0.maxSessions = 1
            $0.onLimit = .reject
        }
        let idle = try scene.create { $0.idleSeconds = 60 }
        scene.pass(seconds: 60)
        _ = try scene.create()
        #expect(scene.reauthenticate(idle.token).rejection == .limitReached)
        #expect(scene.kinds == [.limitReached])
        #expect(scene.status(of: idle) == .expired)
    }

    @Test("a living session needs no slot to re-authenticate")
    func goesOn() throws {
        var scene = Scene {
            $0.maxSessions = 1
            $0.onLimit = .reject
        }
        let created = try scene.create()
        #expect(scene.reauthenticate(created.token).rejection == nil)
    }

    @Test(
        "a transfer that keeps the original evicts another session, never the original",
        arguments: [
            SessionPolicy.LimitStrategy.evictOldest, .evictLeastRecentlyActive,
        ])
    func keptTransfer(strategy: SessionPolicy.LimitStrategy) throws {
        var scene = Scene {
            $0.maxSessions = 2
            $0.onLimit = strategy
        }
        let original = try scene.create()
        scene.pass(seconds: 100)
        let other = try scene.create()
        let ticket = try scene.beginTransfer(original.token, keepOriginal: true).ticket()
        _ = try scene.completeTransfer(ticket).issued()
        #expect(scene.kinds == [.limitReached, .evicted, .transferred])
        #expect(scene.status(of: other) == .revoked)
        #expect(scene.status(of: original) == .active)
    }

    @Test("a transfer that keeps the original is refused without a free slot, and its ticket stays valid")
    func keptTransferInVain() throws {
        var scene = Scene {
            $0.maxSessions = 1
            $0.onLimit = .reject
        }
        let original = try scene.create()
        let ticket = try scene.beginTransfer(original.token, keepOriginal: true).ticket()
        #expect(scene.completeTransfer(ticket).rejection == .limitReached)
        #expect(scene.kinds == [.limitReached])
        var roomy = SessionPolicy()
        roomy.maxSessions = 2
        scene.policies = PolicyCatalogue(["default": roomy])
        #expect(scene.completeTransfer(ticket).rejection == nil)
    }

    @Test("a transfer that keeps the original is refused if only the original could be evicted")
    func keptTransferAlone() throws {
        var scene = Scene { $0.maxSessions = 1 }
        let original = try scene.create()
        let ticket = try scene.beginTransfer(original.token, keepOriginal: true).ticket()
        #expect(scene.completeTransfer(ticket).rejection == .limitReached)
        #expect(scene.status(of: original) == .active)
    }

    @Test("a transfer that ends the original needs no slot")
    func transfer() throws {
        var scene = Scene {
            $0.maxSessions = 1
            $0.onLimit = .reject
        }
        let original = try scene.create()
        let ticket = try scene.beginTransfer(original.token).ticket()
        #expect(scene.completeTransfer(ticket).rejection == nil)
        #expect(try scene.list().count == 1)
    }

    @Test("a subject never has more living sessions than can be loaded, whatever its policy")
    func hardLimit() throws {
        var scene = Scene { $0.maxSessions = 0 }
        let first = try scene.create().session
        scene.add(SubjectTransaction.maxLivingSessions - 1, like: first)
        #expect(scene.createOutcome().rejection == .limitReached)
        #expect(scene.createOutcome { $0.parent = .init(id: first.id) }.rejection == .limitReached)
    }

    @Test("at the highest limit a policy can have, a session is evicted as at any other")
    func highestLimit() throws {
        var scene = Scene { $0.maxSessions = SubjectTransaction.maxLivingSessions }
        let first = try scene.create()
        scene.add(SubjectTransaction.maxLivingSessions - 1, like: first.session)
        scene.pass(seconds: 10)
        _ = try scene.create()
        #expect(scene.kinds == [.limitReached, .evicted, .created])
        #expect(scene.aggregate.sessions.values.count { $0.status.isLiving } == SubjectTransaction.maxLivingSessions)
    }

    @Test("where both limits are reached, no more sessions end than have to", arguments: [false, true])
    func bothLimits(isPending: Bool) throws {
        var scene = Scene()
        var single = SessionPolicy()
        single.maxSessions = 1
        single.mfa.required = .always
        var many = SessionPolicy()
        many.maxSessions = 0
        scene.policies = PolicyCatalogue(["many": many, "default": single])
        let pending = try scene.create()
        let whole = try scene.create { $0.authentication = .init(methods: ["mfa"]) }
        let other = try scene.create { $0.policy = "many" }
        scene.add(SubjectTransaction.maxLivingSessions - 3, like: other.session)
        let created = try scene.create { if !isPending { $0.authentication = .init(methods: ["mfa"]) } }
        #expect(created.evicted == [isPending ? pending.id : whole.id])
    }
}
