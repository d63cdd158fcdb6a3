import SessionCore
import Testing

@Suite("Elevating sessions")
struct ElevateTests {
    @Test("a code raises the level, and replaces every token at once")
    func byCode() throws {
        var scene = Scene()
        let (factor, _) = try scene.enrolled()
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        scene.pass(seconds: 10)
        let elevated = try scene.elevate(created.token, code: scene.code(of: factor)).issued()
        #expect(elevated.session.assurance.level(at: scene.now) == 2)
        #expect(elevated.session.assurance.methods(at: scene.now) == ["pwd", "otp"])
        #expect(elevated.session.generation == 2)
        #expect(elevated.session.lastActiveAt == scene.now)
        #expect(elevated.id == created.id)
        #expect(try scene.validate(created.token).reason == .unknown)
        #expect(try scene.validate(created.access).reason == .unknown)
        #expect(scene.refresh(created.refresh).rejection == .tokenInvalid)
        #expect(scene.elevate(created.token, methods: ["hwk"]).rejection == .tokenInvalid)
        #expect(try scene.validate(elevated.token).isValid)
        #expect(try scene.validate(elevated.access).isValid)
        #expect(try scene.refresh(elevated.refresh).issued().id == created.id)
    }

    @Test("an earlier refresh token is not treated as reuse: nothing ends")
    func noReuse() throws {
        var scene = Scene()
        let created = try scene.create()
        let second = try scene.refreshed(created.refresh)
        let elevated = try scene.elevate(created.token, methods: ["otp"]).issued()
        #expect(scene.refresh(second).rejection == .tokenInvalid)
        #expect(scene.refresh(created.refresh).rejection == .tokenInvalid)
        #expect(try scene.validate(elevated.token).isValid)
    }

    @Test("a ticket issued before the elevation no longer works")
    func ticketsToo() throws {
        var scene = Scene()
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        let ticket = try scene.beginTransfer(created.token, keepOriginal: true).ticket()
        _ = try scene.elevate(created.token, methods: ["hwk"]).issued()
        #expect(scene.completeTransfer(ticket).rejection == .ticketInvalid)
    }

    @Test("the event states the previous level")
    func announced() throws {
        var scene = Scene()
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        _ = scene.elevate(created.token, methods: ["hwk"])
        #expect(scene.kinds == [.elevated])
        #expect(scene.events[0].detail == .previousLevel(1))
        #expect(scene.events[0].session?.assurance.level(at: scene.now) == 3)
        #expect(scene.events[0].session?.generation == 2)
    }

    @Test("an elevation expires after the policy's time")
    func decays() throws {
        var scene = Scene {
            $0.mfa.validSeconds = 600
            $0.idleSeconds = 40000
        }
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        let elevated = try scene.elevate(created.token, methods: ["otp"]).issued()
        scene.pass(seconds: 599)
        #expect(try scene.validate(elevated.token, require: .init(level: 2)).isValid)
        scene.pass(seconds: 1)
        let decayed = try scene.validate(elevated.token, require: .init(level: 2))
        #expect(decayed.reason == .levelTooLow)
        #expect(decayed.remedy == .elevate)
        #expect(decayed.session?.assurance.methods(at: scene.now) == ["pwd"])
    }

    @Test("a second elevation does not prolong the first")
    func decaysEach() throws {
        var scene = Scene {
            $0.mfa.validSeconds = 600
            $0.idleSeconds = 40000
        }
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        let first = try scene.elevate(created.token, methods: ["hwk"]).issued()
        scene.pass(seconds: 599)
        let second = try scene.elevate(first.token, methods: ["otp"]).issued()
        #expect(second.session.assurance.level(at: scene.now) == 3)
        scene.pass(seconds: 1)
        #expect(scene.level(of: created) == 2, "the key was shown 600 seconds ago, the code a second ago")
    }

    @Test("a second elevation adds to the first")
    func addsUp() throws {
        var scene = Scene()
        let created = try scene.create()
        let first = try scene.elevate(created.token, methods: ["pin"]).issued()
        let second = try scene.elevate(first.token, methods: ["hwk", "pin"]).issued()
        #expect(Set(second.session.assurance.methods(at: scene.now)) == ["pin", "hwk"])
        #expect(second.session.assurance.level(at: scene.now) == 3)
    }

    @Test("an elevation that crowds out the one that lifted a parent takes its children down with it")
    func crowdedOut() throws {
        var scene = Scene()
        var parent = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        parent = try scene.elevate(parent.token, methods: ["hwk"]).issued()
        let child = try scene.child(of: parent) { $0.authentication = .init(methods: ["pwd", "hwk"]) }
        #expect(scene.level(of: child) == 3)
        for method in ["otp", "sms", "tel", "fpt", "face", "iris", "retina", "vbm"] as [ExactText] {
            parent = try scene.elevate(parent.token, methods: [method]).issued()
        }
        #expect(scene.level(of: parent) == 2, "eight elevations are kept")
        #expect(scene.level(of: child) == 2)
    }

    @Test("a caller's authentication time may be at most a minute ahead, and a refused one changes nothing")
    func authenticationTime() throws {
        var scene = Scene()
        let created = try scene.create()
        let late = Authentication(methods: ["otp"], at: scene.now.adding(seconds: 61))
        let outcome = scene.elevate(created.token, .authentication(late), context: nil)
        #expect(outcome.failure?.code == .invalidField)
        #expect(outcome.failure?.path == "/authentication/at")
        #expect(try scene.validate(created.token).isValid)
        let soon = Authentication(methods: ["otp"], at: scene.now.adding(seconds: 60))
        let elevated = try scene.elevate(created.token, .authentication(soon), context: nil).issued()
        #expect(elevated.session.authenticatedAt == scene.now)
    }

    @Test("a pending session that reaches level 2 becomes active, and gets the tokens it lacked")
    func pendingBecomesActive() throws {
        var scene = Scene { $0.mfa.required = .always }
        let (factor, _) = try scene.enrolled()
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        scene.pass(seconds: 100)
        let elevated = try scene.elevate(created.token, code: scene.code(of: factor)).issued()
        #expect(elevated.session.status == .active)
        #expect(elevated.session.pendingUntil == nil)
        #expect(elevated.session.idleExpiresAt == scene.now.adding(seconds: 1800))
        #expect(elevated.tokens.refresh != nil)
        #expect(elevated.tokens.accessClaims?.level == 2)
        #expect(try scene.validate(elevated.token).isValid)
    }

    @Test("a pending session that stays below level 2 stays pending, with its token")
    func staysPending() throws {
        var scene = Scene { $0.mfa.required = .always }
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        #expect(scene.elevate(created.token, methods: ["pin"]).rejection == .factorRejected)
        #expect(scene.status(of: created) == .pending)
        #expect(scene.elevate(created.token, methods: ["otp"]).rejection == nil)
    }

    @Test("an ended session cannot be elevated")
    func ended() throws {
        var scene = Scene()
        let revoked = try scene.create()
        _ = try scene.revoke(.session(revoked.id))
        #expect(scene.elevate(revoked.token, methods: ["otp"]).rejection == .sessionEnded)
        #expect(scene.wroteNothing)
        let idle = try scene.create()
        scene.pass(seconds: 1800)
        #expect(scene.elevate(idle.token, methods: ["otp"]).rejection == .reauthenticationRequired)
        scene.pass(seconds: 3601)
        #expect(scene.elevate(idle.token, methods: ["otp"]).rejection == .sessionEnded)
    }

    @Test("a locked session cannot be elevated")
    func locked() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = scene.lock(.session(created.id))
        #expect(scene.elevate(created.token, methods: ["otp"]).rejection == .sessionLocked)
    }

    @Test("a text that is not a current session token is invalid")
    func invalid() throws {
        var scene = Scene()
        let created = try scene.create()
        for token in ["nonsense", created.refresh, created.token + "1"] {
            #expect(scene.elevate(token, methods: ["otp"]).rejection == .tokenInvalid)
        }
        let access = ElevateSession(token: created.access, proof: .authentication(.init(methods: ["otp"])))
        #expect(scene.decide(access).rejection == .tokenInvalid)
    }
}
