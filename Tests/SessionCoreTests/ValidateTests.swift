import SessionCore
import Testing

@Suite("Validating sessions")
struct ValidateTests {
    @Test("a current token is valid, and nothing is written within the touch interval")
    func touchInterval() throws {
        var scene = Scene()
        let created = try scene.create()
        let revision = scene.aggregate.revision
        scene.pass(seconds: 59)
        #expect(try scene.validate(created.token).session?.lastActiveAt == created.session.createdAt)
        #expect(scene.aggregate.revision == revision)
        scene.pass(seconds: 1)
        #expect(try scene.validate(created.token).session?.lastActiveAt == scene.now)
        #expect(scene.aggregate.revision == revision + 1)
        #expect(scene.events.isEmpty)
    }

    @Test("the touch interval is at most a tenth of the idle lifetime")
    func shortIdle() throws {
        var scene = Scene()
        let created = try scene.create { $0.idleSeconds = 10 }
        scene.now.milliseconds += 999
        #expect(try scene.validate(created.token).session?.lastActiveAt == created.session.createdAt)
        scene.now.milliseconds += 1
        #expect(try scene.validate(created.token).session?.lastActiveAt == scene.now)
    }

    @Test("a peek counts as no activity")
    func peek() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 600)
        #expect(try scene.validate(created.token, touch: false).session?.lastActiveAt == created.session.createdAt)
    }

    @Test("activity moves the idle deadline, and not the absolute one")
    func deadlines() throws {
        var scene = Scene()
        let created = try scene.create { $0.absoluteSeconds = 4000 }
        for _ in 0..<2 {
            scene.pass(seconds: 1799)
            #expect(try scene.validate(created.token).reason == nil)
        }
        scene.pass(seconds: 402)
        let validation = try scene.validate(created.token)
        #expect(validation.reason == .expiredAbsolute)
        #expect(validation.remedy == .login)
    }

    @Test("idle expiry happens to the second, and re-authentication is suggested within its window")
    func idle() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1800)
        let revision = scene.aggregate.revision
        #expect(try scene.validate(created.token).reason == .expiredIdle)
        #expect(try scene.validate(created.token).remedy == .reauthenticate)
        #expect(scene.aggregate.revision == revision, "validating stays a read")
        scene.pass(seconds: 3601)
        #expect(try scene.validate(created.token).remedy == .login)
    }

    @Test("an expired session is answered as expired, before and after the reaper has ended it")
    func afterReaping() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1800)
        _ = scene.decide(ExpireSession(created.session.id))
        #expect(scene.events.map(\.kind) == [.expired])
        let validation = try scene.validate(created.token)
        #expect(validation.reason == .expiredIdle)
        #expect(validation.session?.ending?.at == created.session.idleExpiresAt)
    }

    @Test("tokens of no session are malformed or unknown")
    func unknown() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(try scene.validate("nonsense").reason == .malformed)
        #expect(try scene.validate(created.refresh).reason == .malformed)
        #expect(try scene.validate(created.token + "1").reason == .unknown)
        let reference = TokenReference.genuine(try #require(scene.tokens.read(created.token, as: .session)))
        let elsewhere = scene.decide(ValidateSession(token: reference), tenant: "other")
        guard case .succeeded(.validated(.invalid(.unknown, nil, .login))) = elsewhere else { throw Unexpected() }
    }

    @Test("a missing level or recent authentication is reported with its remedy")
    func requirements() throws {
        var scene = Scene()
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        #expect(try scene.validate(created.token, require: .init(level: 2)).reason == .levelTooLow)
        #expect(try scene.validate(created.token, require: .init(level: 2)).remedy == .elevate)
        #expect(try scene.validate(created.token, require: .init(level: 1)).reason == nil)
        scene.pass(seconds: 61)
        let old = try scene.validate(created.token, require: .init(maxAuthenticationAgeSeconds: 60))
        #expect(old.reason == .authenticationTooOld)
        #expect(old.remedy == .reauthenticate)
        let silent = try scene.create()
        #expect(
            try scene.validate(silent.token, require: .init(maxAuthenticationAgeSeconds: 60)).reason
                == .authenticationTooOld)
    }

    // MARK: Access tokens

    @Test("an access token is validated like a session token, until it expires")
    func accessToken() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 299)
        #expect(try scene.validate(created.access).session?.lastActiveAt == scene.now)
        scene.pass(seconds: 1)
        let expired = try scene.validate(created.access)
        #expect(expired.reason == .tokenExpired)
        #expect(expired.remedy == nil)
        #expect(expired.session?.id == created.id)
        #expect(try scene.validate(created.token).isValid)
    }

    @Test("an expired access token of an ended session reports how the session ended")
    func accessTokenOfEnded() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = try scene.revoke(.session(created.id))
        scene.pass(seconds: 300)
        #expect(try scene.validate(created.access).reason == .revoked)
    }

    @Test("an access token of another tenant, or a replaced one, is unknown")
    func accessTokenUnknown() throws {
        var scene = Scene()
        let created = try scene.create()
        let outcome = scene.decide(ValidateSession(token: created.access), tenant: "other")
        #expect(try outcome.validation().reason == .unknown)
        let foreign = PresentedAccessToken(
            session: created.id, generation: 1, tenant: "other", expiresAt: scene.now.adding(seconds: 60))
        #expect(try scene.validate(.access(foreign)).reason == .unknown)
        _ = try scene.elevate(created.token, methods: ["otp"]).issued()
        #expect(try scene.validate(created.access).reason == .unknown)
    }

    @Test("a token that could not be verified is malformed")
    func unverified() throws {
        var scene = Scene()
        #expect(try scene.validate(.unverified(Secret("eyJ"))).reason == .malformed)
        #expect(try scene.validate(.malformed).remedy == .login)
    }

    // MARK: Endings

    @Test("every end of a session has its reason and remedy")
    func endings() throws {
        var scene = Scene { $0.mfa.required = .onRisk }
        let revoked = try scene.create { $0.context = ClientContext(country: "DE") }
        _ = try scene.revoke(.session(revoked.id))
        #expect(try scene.validate(revoked.token).remedy == .login)
        let absolute = try scene.create { $0.absoluteSeconds = 60 }
        let idle = try scene.create { $0.idleSeconds = 60 }
        scene.pass(seconds: 60)
        #expect(try scene.validate(absolute.token).reason == .expiredAbsolute)
        #expect(try scene.validate(absolute.token).remedy == .login)
        #expect(try scene.validate(idle.token).reason == .expiredIdle)
        #expect(try scene.validate(idle.token).remedy == .reauthenticate)
    }

    @Test("a session that ended long enough ago is unknown, whether or not it was removed")
    func forgotten() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = try scene.revoke(.session(created.id))
        scene.pass(seconds: 86399)
        #expect(try scene.validate(created.token).reason == .revoked)
        scene.pass(seconds: 1)
        #expect(try scene.validate(created.token).reason == .unknown)
    }

    @Test("validating an ended session writes nothing")
    func endedIsARead() throws {
        var scene = Scene { $0.context.country = .revoke }
        let created = try scene.create { $0.context = ClientContext(country: "DE") }
        _ = try scene.revoke(.session(created.id))
        scene.pass(seconds: 600)
        #expect(try scene.validate(created.token, context: ClientContext(country: "FR")).reason == .revoked)
        #expect(scene.wroteNothing)
    }

    @Test("the idle deadline is early by at most the touch interval, and never late")
    func neverLate() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 59)
        #expect(try scene.validate(created.token).isValid)
        scene.pass(seconds: 1800 - 59)
        #expect(try scene.validate(created.token).reason == .expiredIdle)
        let other = try scene.create()
        scene.pass(seconds: 60)
        #expect(try scene.validate(other.token).isValid)
        scene.pass(seconds: 1799)
        #expect(try scene.validate(other.token).isValid)
    }

    @Test("a session that does not meet the requirements is returned, and does not change")
    func shortfall() throws {
        var scene = Scene()
        let created = try scene.create()
        let validation = try scene.validate(created.token, require: .init(level: 3))
        #expect(validation.reason == .levelTooLow)
        #expect(validation.session?.id == created.id)
        #expect(scene.status(of: created) == .active)
    }

    @Test("what a context taught is kept, though the session falls short of what the caller requires")
    func shortfallLearns() throws {
        var scene = Scene { $0.context.country = .revoke }
        let created = try scene.create()
        let germany = ClientContext(country: "DE")
        #expect(try scene.validate(created.token, context: germany, require: .init(level: 3)).reason == .levelTooLow)
        #expect(try scene.validate(created.token, context: ClientContext(country: "FR")).reason == .revoked)
    }

    @Test("an authentication may be as old as the caller says, and not a second older")
    func oldestAuthentication() throws {
        var scene = Scene()
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        scene.pass(seconds: 60)
        let recent = ValidateSession.Requirement(maxAuthenticationAgeSeconds: 60)
        #expect(try scene.validate(created.token, require: recent).isValid)
        scene.pass(seconds: 1)
        #expect(try scene.validate(created.token, require: recent).reason == .authenticationTooOld)
    }

    @Test("of its own end and its parent's a child is told the earlier, though nobody carried out either")
    func earlierEnd() throws {
        for (own, parents) in [(50, 100), (100, 50)] {
            var scene = Scene()
            let parent = try scene.create { $0.idleSeconds = parents }
            let child = try scene.child(of: parent) { $0.idleSeconds = own }
            scene.pass(seconds: 120)
            let ending = try #require(try scene.validate(child.token).session?.ending)
            #expect(ending.reason == (own < parents ? .expiredIdle : .parentEnded))
            #expect(ending.at == scene.now.adding(seconds: -70))
        }
    }

    // MARK: Scope

    @Test("a root needs only its own record, and gets the same answer")
    func narrowScope() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 60)
        let command = Command(
            tenant: "default", action: ValidateSession(token: scene.tokens.reference(created.token)))
        var narrow = scene.narrowTransaction(for: created.id)
        let answer = try scene.manager.decide(command, in: &narrow).validation()
        #expect(answer.isValid)
        #expect(narrow.changed == [created.id])
        #expect(narrow.rescheduled.isEmpty, "the deadline is put right when it comes")
        #expect(narrow.aggregate.sessions[created.id]?.lastActiveAt == scene.now)
        #expect(narrow.isSubjectChanged == false)
    }

    @Test("a child, or anything to be announced, needs the whole subject, and changes nothing before")
    func tooNarrow() throws {
        var scene = Scene { $0.context.country = .elevate }
        let parent = try scene.create { $0.context = ClientContext(country: "DE") }
        let child = try scene.child(of: parent)
        let abroad = ValidateSession(
            token: scene.tokens.reference(parent.token), context: ClientContext(country: "FR"))
        for validate in [ValidateSession(token: scene.tokens.reference(child.token)), abroad] {
            let id = try #require(validate.token.session)
            var narrow = scene.narrowTransaction(for: id)
            #expect(throws: ScopeTooNarrow.self) {
                _ = try scene.manager.decide(Command(tenant: "default", action: validate), in: &narrow)
            }
            #expect(narrow.isEmpty)
        }
    }
}
