import SessionCore
import Testing

@Suite("Re-authenticating sessions")
struct ReauthenticateTests {
    @Test("a new authentication replaces the old one, and every token at once")
    func living() throws {
        var scene = Scene()
        let created = try scene.create { $0.authentication = .init(methods: ["pwd", "otp"]) }
        scene.pass(seconds: 100)
        let again = try scene.reauthenticate(created.token, methods: ["face"]).issued()
        #expect(again.id == created.id)
        #expect(again.session.assurance.methods(at: scene.now) == ["face"])
        #expect(again.session.authenticatedAt == scene.now)
        #expect(again.session.lastActiveAt == scene.now)
        #expect(again.session.generation == 2)
        #expect(scene.kinds == [.reauthenticated])
        #expect(try scene.validate(created.token).reason == .unknown)
        #expect(try scene.validate(created.access).reason == .unknown)
        #expect(scene.refresh(created.refresh).rejection == .tokenInvalid)
        #expect(try scene.validate(again.token).isValid)
        #expect(try scene.validate(again.access).isValid)
    }

    @Test("a ticket issued before no longer works")
    func tickets() throws {
        var scene = Scene()
        let created = try scene.create()
        let ticket = try scene.beginTransfer(created.token).ticket()
        _ = try scene.reauthenticate(created.token).issued()
        #expect(scene.completeTransfer(ticket).rejection == .ticketInvalid)
    }

    @Test("an authentication that was too old is recent again")
    func age() throws {
        var scene = Scene()
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        scene.pass(seconds: 100)
        let fresh = ValidateSession.Requirement(maxAuthenticationAgeSeconds: 60)
        #expect(try scene.validate(created.token, require: fresh).remedy == .reauthenticate)
        let again = try scene.reauthenticate(created.token).issued()
        #expect(try scene.validate(again.token, require: fresh).isValid)
    }

    @Test("an elevation that has not expired remains")
    func elevationStays() throws {
        var scene = Scene { $0.mfa.validSeconds = 600 }
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        let elevated = try scene.elevate(created.token, methods: ["otp"]).issued()
        scene.pass(seconds: 300)
        let again = try scene.reauthenticate(elevated.token, methods: ["pwd"]).issued()
        #expect(again.session.assurance.level(at: scene.now) == 2)
        scene.pass(seconds: 300)
        #expect(scene.level(of: created) == 1)
    }

    @Test(
        "a session that idled out is resumed within the window, with either token and its full state",
        arguments: [
            true, false,
        ])
    func comesBack(byRefreshToken: Bool) throws {
        var scene = Scene()
        let created = try scene.create {
            $0.attributes = ["plan": .string("pro")]
            $0.device = Device(name: "Firefox")
        }
        scene.pass(seconds: 1800)
        scene.reap(created)
        #expect(scene.status(of: created) == .expired)
        scene.pass(seconds: 3599)
        let again = try scene.reauthenticate(byRefreshToken ? created.refresh : created.token).issued()
        #expect(again.session.status == .active)
        #expect(again.session.ending == nil)
        #expect(again.session.attributes == created.session.attributes)
        #expect(again.session.device == created.session.device)
        #expect(again.session.expiresAt == created.session.expiresAt)
        #expect(again.session.idleExpiresAt == scene.now.adding(seconds: 1800))
        #expect(scene.kinds == [.reauthenticated])
        #expect(try scene.validate(again.token).isValid)
        #expect(try scene.validate(created.token).reason == .unknown)
    }

    @Test("an expiry that was not yet written and the resumption are one commit")
    func notYetReaped() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1900)
        _ = try scene.reauthenticate(created.token).issued()
        #expect(scene.kinds == [.expired, .reauthenticated])
    }

    @Test("after the window a session cannot be resumed")
    func windowOver() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1800 + 3601)
        #expect(scene.reauthenticate(created.token).rejection == .sessionEnded)
        #expect(scene.wroteNothing)
    }

    @Test("without a window no session can be resumed, not even at the moment of expiry")
    func noWindow() throws {
        var scene = Scene { $0.reauthenticationWindowSeconds = 0 }
        let created = try scene.create()
        scene.pass(seconds: 1800)
        #expect(try scene.validate(created.token).remedy == .login)
        #expect(scene.refresh(created.refresh).rejection == .sessionEnded)
        #expect(scene.reauthenticate(created.token).rejection == .sessionEnded)
    }

    @Test("re-authentication is not suggested after the absolute deadline")
    func absoluteDeadline() throws {
        var scene = Scene()
        let created = try scene.create { $0.absoluteSeconds = 2000 }
        scene.pass(seconds: 2000)
        scene.reap(created)
        #expect(scene[created]?.ending?.reason == .expiredIdle)
        #expect(scene.reauthenticate(created.token).rejection == .sessionEnded)
        #expect(scene.refresh(created.refresh).rejection == .sessionEnded)
        #expect(try scene.validate(created.token).remedy == .login)
    }

    @Test("a session that ended in any other way cannot be resumed")
    func otherEndings() throws {
        var scene = Scene { $0.mfa.required = .onRisk }
        let revoked = try scene.create()
        _ = try scene.revoke(.session(revoked.id))
        #expect(scene.reauthenticate(revoked.token).rejection == .sessionEnded)
        let absolute = try scene.create { $0.absoluteSeconds = 60 }
        scene.pass(seconds: 60)
        scene.reap(absolute)
        #expect(scene[absolute]?.ending?.reason == .expiredAbsolute)
        #expect(scene.reauthenticate(absolute.token).rejection == .sessionEnded)
    }

    @Test("a session that never showed its second factor cannot be resumed, however short its idle lifetime")
    func pendingNeverComesBack() throws {
        var scene = Scene { $0.mfa.required = .onRisk }
        _ = try scene.create { $0.context = ClientContext(country: "DE") }
        let pending = try scene.create {
            $0.context = ClientContext(country: "KP")
            $0.authentication = .init(methods: ["pwd"])
            $0.idleSeconds = 60
        }
        #expect(pending.session.status == .pending)
        scene.pass(seconds: 60)
        scene.reap(pending)
        #expect(scene.status(of: pending) == .expired)
        #expect(scene.reauthenticate(pending.token, methods: ["pwd"]).rejection == .sessionEnded)
        #expect(scene.status(of: pending) == .expired)
    }

    @Test("locked and pending sessions are rejected with their own codes")
    func lockedAndPending() throws {
        var scene = Scene { $0.mfa.required = .always }
        let pending = try scene.create()
        #expect(scene.reauthenticate(pending.token).rejection == .sessionPending)
        _ = scene.lock(.session(pending.id))
        #expect(scene.reauthenticate(pending.token).rejection == .sessionLocked)
    }

    @Test("an active session stays active, whatever its policy requires of new ones")
    func staysActive() throws {
        var scene = Scene { $0.mfa.required = .always }
        let created = try scene.create { $0.authentication = .init(methods: ["pwd", "otp"]) }
        let again = scene.reauthenticate(created.token, methods: ["pwd"])
        #expect(again.rejection == nil)
        #expect(scene.status(of: created) == .active, "contract section 3: nothing leads from active to pending")
    }

    @Test("a resumed session is active")
    func comesBackActive() throws {
        var scene = Scene { $0.mfa.required = .always }
        let created = try scene.create { $0.authentication = .init(methods: ["pwd", "otp"]) }
        scene.pass(seconds: 1800)
        let again = try scene.reauthenticate(created.token, methods: ["pwd", "otp"]).issued()
        #expect(again.session.status == .active)
        #expect(again.session.assurance.level(at: scene.now) == 2)
    }

    @Test("while its subject is disabled no session can be resumed, and afterwards only those that idled out since")
    func disabled() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1800)
        scene.reap(created)
        _ = scene.disable()
        #expect(scene.reauthenticate(created.token).rejection == .subjectDisabled)
        _ = scene.enable()
        #expect(scene.reauthenticate(created.token).rejection == .sessionEnded)
    }

    @Test("a session revoked after it idled out cannot be resumed, whoever revoked it", arguments: 0..<3)
    func revokedLate(way: Int) throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1800)
        let target: RevokeSessions.Target =
            switch way {
            case 0: .token(scene.tokens.reference(created.token))
            case 1: .session(created.id)
            default: .subject("alice", except: nil)
            }
        #expect(try scene.revoke(target) == [])
        #expect(scene.kinds == [.expired])
        let validation = try scene.validate(created.token)
        #expect(validation.reason == .expiredIdle)
        #expect(validation.remedy == .login)
        #expect(scene.reauthenticate(created.token).rejection == .sessionEnded)
        #expect(scene.refresh(created.refresh).rejection == .sessionEnded)
        _ = try scene.revoke(target)
        #expect(scene.wroteNothing)
    }

    @Test("reuse is detected after the session idled out, and then it cannot be resumed")
    func reusedLate() throws {
        var scene = Scene { $0.refreshGraceSeconds = 0 }
        let created = try scene.create()
        let successor = try scene.refreshed(created.refresh)
        scene.pass(seconds: 1800)
        #expect(scene.refresh(created.refresh).rejection == .refreshTokenReused)
        #expect(scene.kinds == [.expired, .tokenReused])
        #expect(scene.refresh(successor).rejection == .sessionEnded)
        #expect(scene.reauthenticate(created.token).rejection == .sessionEnded)
    }

    @Test("a session that idled out while locked cannot be resumed")
    func lockedAndExpired() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = scene.lock(.session(created.id))
        scene.pass(seconds: 1800)
        #expect(try scene.validate(created.token).remedy == .login)
        #expect(scene.reauthenticate(created.token).rejection == .sessionEnded)
    }

    @Test("a child is resumed only if its parent is active")
    func child() throws {
        var scene = Scene()
        let parent = try scene.create()
        let child = try scene.child(of: parent) { $0.idleSeconds = 60 }
        let other = try scene.child(of: parent) { $0.idleSeconds = 60 }
        scene.pass(seconds: 60)
        #expect(try scene.reauthenticate(child.token).issued().session.parentID == parent.id)
        _ = scene.lock(.session(parent.id))
        #expect(scene.reauthenticate(other.token).rejection == .parentNotActive)
        _ = try scene.revoke(.session(parent.id))
        #expect(scene.reauthenticate(other.token).rejection == .parentNotActive)
    }

    @Test("a child is not resumed if its slot has been taken")
    func childsPlace() throws {
        var scene = Scene { $0.maxChildren = 1 }
        let parent = try scene.create()
        let child = try scene.child(of: parent) { $0.idleSeconds = 60 }
        scene.pass(seconds: 60)
        _ = try scene.child(of: parent)
        #expect(scene.reauthenticate(child.token).rejection == .hierarchyTooDeep)
        #expect(scene.status(of: child) == .expired)
    }

    @Test("a session that ended with its parent cannot be resumed")
    func parentEnded() throws {
        var scene = Scene()
        let parent = try scene.create { $0.idleSeconds = 60 }
        let child = try scene.child(of: parent)
        scene.pass(seconds: 60)
        _ = try scene.reauthenticate(parent.token).issued()
        #expect(scene[child]?.ending?.reason == .parentEnded)
        #expect(scene.reauthenticate(child.token).rejection == .sessionEnded)
    }

    @Test(
        "a forbidden context leaves an expired session expired, and evicts nobody",
        arguments: [
            SessionPolicy.ContextRules.Reaction.lock, .revoke,
        ])
    func forbiddenContext(reaction: SessionPolicy.ContextRules.Reaction) throws {
        var scene = Scene {
            $0.context.country = reaction
            $0.maxSessions = 1
        }
        let created = try scene.create { $0.context = ClientContext(country: "DE") }
        scene.pass(seconds: 1800)
        scene.reap(created)
        let other = try scene.create()
        let outcome = scene.reauthenticate(created.token, context: ClientContext(country: "KP"))
        #expect(outcome.rejection != nil)
        #expect(scene.status(of: created) == .expired)
        #expect(scene.kinds.contains(.revoked) == false, "its end was announced before, by session.expired")
        #expect(scene.kinds.contains(.locked) == false)
        #expect(scene.status(of: other) == .active)
    }

    @Test("an authentication time too far in the future is refused")
    func future() throws {
        var scene = Scene()
        let created = try scene.create()
        let outcome = scene.decide(
            ReauthenticateSession(
                token: scene.tokens.reference(created.token),
                authentication: Authentication(methods: ["pwd"], at: scene.now.adding(seconds: 61))))
        #expect(outcome.failure?.path == "/authentication/at")
    }

    @Test("unknown and replaced tokens are invalid")
    func invalid() throws {
        var scene = Scene()
        let created = try scene.create()
        let again = try scene.reauthenticate(created.token).issued()
        for token in ["nonsense", created.token, created.refresh, again.token + "1"] {
            #expect(scene.reauthenticate(token).rejection == .tokenInvalid)
        }
        #expect(try scene.validate(again.token).isValid)
    }

    @Test("a refresh token replaced by a refresh is a reuse here too")
    func reuse() throws {
        var scene = Scene()
        let created = try scene.create()
        let second = try scene.refreshed(created.refresh)
        _ = try scene.refreshed(second)
        #expect(scene.reauthenticate(created.refresh).rejection == .refreshTokenReused)
        #expect(scene.kinds == [.tokenReused, .revoked])
    }

    @Test("a refresh token within its grace period is as good as its successor here")
    func grace() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = try scene.refreshed(created.refresh)
        scene.pass(seconds: 29)
        #expect(scene.reauthenticate(created.refresh).rejection == nil)
        #expect(scene.kinds == [.reauthenticated])
    }

    @Test("reuse of an expired session's refresh token is announced, and resumes nothing")
    func reuseOfExpired() throws {
        var scene = Scene { $0.refreshGraceSeconds = 0 }
        let created = try scene.create()
        let successor = try scene.refreshed(created.refresh)
        scene.pass(seconds: 1800)
        scene.reap(created)
        #expect(scene.reauthenticate(created.refresh).rejection == .refreshTokenReused)
        #expect(scene.kinds == [.tokenReused], "its end was announced before")
        #expect(scene.status(of: created) == .expired)
        #expect(scene.reauthenticate(successor).rejection != nil)
    }

    @Test("a context that requires elevation is announced once, however often a session is to be resumed with it")
    func suspiciousOnce() throws {
        var scene = Scene { $0.context.country = .elevate }
        let created = try scene.create { $0.context = ClientContext(country: "DE") }
        scene.pass(seconds: 1800)
        scene.reap(created)
        var told: [Event.Kind] = []
        for _ in 0..<3 {
            let outcome = scene.reauthenticate(created.token, context: ClientContext(country: "KP"))
            #expect(outcome.rejection == .contextRejected)
            told += scene.kinds
        }
        #expect(told == [.suspicious])
        #expect(scene.reauthenticate(created.token, context: ClientContext(country: "DE")).rejection == nil)
    }

    @Test("notify: a session is resumed with a new context, and both are announced")
    func notify() throws {
        var scene = Scene { $0.context.country = .notify }
        let created = try scene.create { $0.context = ClientContext(country: "DE") }
        scene.pass(seconds: 1800)
        scene.reap(created)
        let again = try scene.reauthenticate(created.token, context: ClientContext(country: "FR")).issued()
        #expect(again.session.context?.country == "FR")
        #expect(scene.kinds == [.contextChanged, .reauthenticated])
    }

    @Test("a refresh token that expired before its session is answered as expired")
    func expiredRefreshToken() throws {
        var scene = Scene { $0.refreshSeconds = 60 }
        let created = try scene.create()
        scene.pass(seconds: 60)
        #expect(scene.reauthenticate(created.refresh).rejection == .tokenExpired)
        #expect(scene.reauthenticate(created.token).rejection == nil)
    }
}
