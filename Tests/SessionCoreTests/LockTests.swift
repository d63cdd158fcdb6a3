import SessionCore
import Testing

@Suite("Locking and unlocking")
struct LockTests {
    @Test("a locked session cannot be used until it is unlocked")
    func locksAndUnlocks() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(try scene.lock(.session(created.id)).ids() == [created.id])
        #expect(scene.kinds == [.locked])
        #expect(scene.events[0].reason == "locked")
        let validation = try scene.validate(created.token)
        #expect(validation.reason == .locked)
        #expect(validation.remedy == nil)
        #expect(try scene.validate(created.access).reason == .locked)
        #expect(scene.refresh(created.refresh).rejection == .sessionLocked)
        #expect(try scene.unlock(.session(created.id)).ids() == [created.id])
        #expect(scene.kinds == [.unlocked])
        #expect(scene.events[0].reason == "unlocked")
        #expect(scene[created]?.lock == nil)
        #expect(try scene.validate(created.token).isValid)
        #expect(try scene.refresh(created.refresh).issued().id == created.id)
    }

    @Test("the event states the caller's reason")
    func reason() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = scene.lock(.session(created.id), reason: "fraud")
        #expect(scene.events[0].reason == "fraud")
        _ = scene.unlock(.session(created.id), reason: "cleared")
        #expect(scene.events[0].reason == "cleared")
    }

    @Test("sessions that are locked or unlocked already stay as they are, and are not listed")
    func already() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(try scene.unlock(.session(created.id)).ids() == [])
        #expect(scene.wroteNothing)
        _ = scene.lock(.session(created.id))
        #expect(try scene.lock(.session(created.id)).ids() == [])
        #expect(scene.wroteNothing)
    }

    @Test("children lock with their parent and are unlocked with it, parents first")
    func children() throws {
        var scene = Scene()
        let parent = try scene.create()
        let child = try scene.child(of: parent)
        let grandchild = try scene.child(of: child)
        #expect(try scene.lock(.session(parent.id)).ids() == [parent.id, child.id, grandchild.id])
        #expect(scene.events.map(\.reason) == ["locked", "parent_locked", "parent_locked"])
        #expect(try scene.validate(grandchild.token).reason == .locked)
        #expect(try Set(scene.unlock(.session(parent.id)).ids()) == [parent.id, child.id, grandchild.id])
        #expect(scene.events.map(\.reason) == ["unlocked", "parent_unlocked", "parent_unlocked"])
        #expect(try scene.validate(grandchild.token).isValid)
    }

    @Test("a child that was locked itself stays locked when its parent is unlocked")
    func ownLock() throws {
        var scene = Scene()
        let parent = try scene.create()
        let child = try scene.child(of: parent)
        let grandchild = try scene.child(of: child)
        _ = scene.lock(.session(child.id))
        #expect(try scene.lock(.session(parent.id)).ids() == [parent.id])
        #expect(try scene.unlock(.session(parent.id)).ids() == [parent.id])
        #expect(scene.status(of: child) == .locked)
        #expect(try Set(scene.unlock(.session(child.id)).ids()) == [child.id, grandchild.id])
    }

    @Test("a child is not unlocked while its parent is locked")
    func childAlone() throws {
        var scene = Scene()
        let parent = try scene.create()
        let child = try scene.child(of: parent)
        _ = scene.lock(.session(parent.id))
        _ = scene.unlock(.session(child.id))
        #expect(scene.status(of: child) == .locked)
        #expect(scene.wroteNothing)
    }

    @Test("unlocking is only rejected with codes of its schema")
    func childAloneIsNoError() throws {
        var scene = Scene()
        let parent = try scene.create()
        let child = try scene.child(of: parent)
        _ = scene.lock(.session(parent.id))
        let outcome = scene.unlock(.session(child.id))
        #expect(outcome.rejection == nil, "schemas/results/session.unlock.json has session_not_found alone")
    }

    @Test("all sessions of a subject can be locked and unlocked together")
    func subject() throws {
        var scene = Scene()
        let first = try scene.create()
        let child = try scene.child(of: first)
        scene.pass(seconds: 1)
        let second = try scene.create()
        _ = scene.lock(.session(child.id))
        #expect(try scene.lock(.subject("alice")).ids() == [first.id, second.id])
        #expect(try Set(scene.unlock(.subject("alice")).ids()) == [first.id, child.id, second.id])
        #expect(Set([first, child, second].map { scene.status(of: $0) }) == [.active])
    }

    @Test("locking a subject without sessions locks nothing")
    func noSessions() throws {
        var scene = Scene()
        #expect(try scene.lock(.subject("alice")).ids() == [])
        #expect(try scene.unlock(.subject("alice")).ids() == [])
    }

    @Test("a pending session is pending again after unlocking, with no more time than before")
    func pending() throws {
        var scene = Scene { $0.mfa.required = .always }
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        scene.pass(seconds: 100)
        _ = scene.lock(.session(created.id))
        #expect(try scene.validate(created.token).reason == .locked)
        _ = scene.unlock(.session(created.id))
        #expect(try scene.validate(created.token).reason == .pending)
        scene.pass(seconds: 200)
        #expect(try scene.validate(created.token).reason == .expiredPending)
    }

    @Test("a lock does not stop the clock")
    func deadlines() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = scene.lock(.session(created.id))
        scene.pass(seconds: 1800)
        #expect(try scene.validate(created.token).reason == .expiredIdle)
        scene.reap(created)
        #expect(scene.kinds == [.expired])
    }

    @Test("a locked session is revoked like any other")
    func revoked() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = scene.lock(.session(created.id))
        #expect(try scene.revoke(.session(created.id)) == [created.id])
        #expect(scene[created]?.lock == nil)
    }

    @Test("ended sessions are neither listed nor an error")
    func ended() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = try scene.revoke(.session(created.id))
        #expect(scene.lock(.session(created.id)).rejection == nil)
        #expect(scene.unlock(.session(created.id)).rejection == nil)
        #expect(scene.status(of: created) == .revoked)
    }

    @Test("an unknown session is not found")
    func unknown() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(scene.lock(.session(nil)).rejection == .sessionNotFound)
        #expect(scene.unlock(.session(nil)).rejection == .sessionNotFound)
        let elsewhere = scene.decide(LockSessions(target: .session(created.id)), tenant: "other")
        #expect(elsewhere.rejection == .sessionNotFound)
    }

    @Test("descendants of a removed locked session are unlocked with the session they moved to")
    func lockedThroughNobody() throws {
        var scene = Scene()
        let parent = try scene.create()
        let child = try scene.child(of: parent)
        let grandchild = try scene.child(of: child)
        _ = scene.lock(.session(parent.id))
        _ = try scene.revoke(.session(parent.id), cascade: false)
        #expect(scene.status(of: child) == .locked)
        #expect(scene[child]?.lock == SessionLock(), "by itself from now on")
        #expect(scene[grandchild]?.lock == SessionLock(through: child.id))
        _ = scene.unlock(.session(child.id))
        #expect(scene.status(of: child) == .active)
        #expect(scene.status(of: grandchild) == .active)
    }
}
