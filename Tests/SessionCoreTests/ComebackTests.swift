import SessionCore
import Testing

@Suite("Coming back from having idled out")
struct ComebackTests {
    @Test("a session that comes back below its level waits for its second factor, for as long as any other")
    func waits() throws {
        var scene = Scene { $0.mfa.required = .always }
        let created = try scene.create { $0.authentication = .init(methods: ["pwd", "otp"]) }
        scene.pass(seconds: 1800)
        let back = try scene.reauthenticate(created.token, methods: ["pwd"]).issued()
        #expect(back.session.status == .pending)
        #expect(back.session.pendingUntil == scene.now.adding(seconds: 300))
        #expect(back.tokens.refresh == nil)
        scene.pass(seconds: 300)
        #expect(try scene.validate(back.token).reason == .expiredPending)
    }

    @Test("a child comes back where it was, as deep as its policy allows")
    func deepest() throws {
        var scene = Scene { $0.maxDepth = 1 }
        let parent = try scene.create()
        let child = try scene.child(of: parent) { $0.idleSeconds = 60 }
        scene.pass(seconds: 60)
        #expect(try scene.reauthenticate(child.token).issued().session.status == .active)
    }

    @Test("a child that authenticates again may have what its parent still has")
    func parentsLevel() throws {
        var scene = Scene { $0.mfa.validSeconds = 600 }
        var parent = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        parent = try scene.elevate(parent.token, methods: ["otp"]).issued()
        scene.pass(seconds: 300)
        parent = try scene.elevate(parent.token, methods: ["hwk"]).issued()
        let child = try scene.child(of: parent) { $0.authentication = .init(methods: ["pwd", "otp"]) }
        scene.pass(seconds: 300)
        #expect(scene.level(of: parent) == 3)
        #expect(scene.level(of: child) == 1, "of what its parent had the first has decayed")
        let again = try scene.reauthenticate(child.token, methods: ["pwd", "otp"]).issued()
        #expect(again.session.assurance.level(at: scene.now) == 2)
    }
}
