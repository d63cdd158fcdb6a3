import SessionCore
import Testing

@Suite("Disabling and enabling subjects")
struct SubjectTests {
    @Test("disabling a subject ends every session")
    func disables() throws {
        var scene = Scene()
        let parent = try scene.create()
        let child = try scene.child(of: parent)
        scene.pass(seconds: 1)
        let other = try scene.create()
        _ = scene.lock(.session(other.id))
        #expect(try scene.disable().ids() == [parent.id, child.id, other.id])
        #expect(scene.kinds == [.subjectDisabled, .revoked, .revoked, .revoked])
        #expect(scene.events.map(\.reason) == ["disabled", "subject_disabled", "parent_ended", "subject_disabled"])
        #expect(scene.events[0].session == nil)
        for session in [parent, child, other] { #expect(try scene.validate(session.token).reason == .revoked) }
    }

    @Test("a disabled subject cannot begin or continue sessions")
    func nothingBegins() throws {
        var scene = Scene()
        let created = try scene.create()
        let ticket = try scene.beginTransfer(created.token).ticket()
        _ = scene.disable()
        #expect(scene.createOutcome().rejection == .subjectDisabled)
        #expect(scene.completeTransfer(ticket).rejection != nil)
        #expect(scene.refresh(created.refresh).rejection != nil)
        #expect(scene.elevate(created.token, methods: ["otp"]).rejection != nil)
        #expect(scene.reauthenticate(created.token).rejection != nil)
        #expect(scene.aggregate.sessions.values.allSatisfy { !$0.status.isLiving })
    }

    @Test("an enabled subject may begin sessions again, and those that ended stay ended")
    func enables() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = scene.disable()
        #expect(try scene.enable().ids() == [])
        #expect(scene.kinds == [.subjectEnabled])
        #expect(scene.events[0].reason == "enabled")
        #expect(try scene.validate(created.token).reason == .revoked)
        #expect(try scene.validate(scene.create().token).isValid)
    }

    @Test("disabling or enabling twice succeeds, and is announced once")
    func already() throws {
        var scene = Scene()
        #expect(try scene.enable().ids() == [])
        #expect(scene.wroteNothing)
        _ = scene.disable()
        #expect(try scene.disable().ids() == [])
        #expect(scene.wroteNothing)
    }

    @Test("an unknown subject can be disabled")
    func unknown() throws {
        var scene = Scene()
        #expect(try scene.disable().ids() == [])
        #expect(scene.aggregate.subject?.isDisabled == true)
        #expect(scene.events.map(\.sequence) == [1])
        #expect(scene.createOutcome().rejection == .subjectDisabled)
    }

    @Test("the subject's event states the caller's reason, and its sessions' events state Sojourn's own")
    func reason() throws {
        var scene = Scene()
        _ = try scene.create()
        _ = scene.decide(DisableSubject(subject: "alice", reason: EndReason(callers: "left")))
        #expect(scene.events.map(\.reason) == ["left", "subject_disabled"])
        _ = scene.decide(EnableSubject(subject: "alice", reason: EndReason(callers: "returned")))
        #expect(scene.events.map(\.reason) == ["returned"])
    }

    @Test("sessions whose deadline had passed expire instead of being revoked")
    func ranOut() throws {
        var scene = Scene()
        _ = try scene.create()
        scene.pass(seconds: 1800)
        #expect(try scene.disable().ids() == [])
        #expect(scene.kinds == [.expired, .subjectDisabled])
    }

    @Test("a disabled subject and one with a factor outlast their sessions")
    func remembered() throws {
        var scene = Scene()
        _ = try scene.create()
        #expect(scene.aggregate.subject?.outlastsSessions == false)
        _ = scene.disable()
        #expect(scene.aggregate.subject?.outlastsSessions == true)
        _ = scene.enable()
        _ = try scene.enrolled()
        #expect(scene.aggregate.subject?.outlastsSessions == true)
    }
}
