import SessionCore
import Testing

@Suite("Validating")
struct ValidateTests {
    @Test("a good token is valid and writes nothing until the touch interval is over")
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

    @Test("the touch interval is at most a tenth of the idle time")
    func shortIdle() throws {
        var scene = Scene()
        let created = try scene.create { $0.idleSeconds = 10 }
        scene.now.milliseconds += 999
        #expect(try scene.validate(created.token).session?.lastActiveAt == created.session.createdAt)
        scene.now.milliseconds += 1
        #expect(try scene.validate(created.token).session?.lastActiveAt == scene.now)
    }

    @Test("a peek is no activity")
    func peek() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 600)
        #expect(try scene.validate(created.token, touch: false).session?.lastActiveAt == created.session.createdAt)
    }

    @Test("activity moves the idle deadline, and the absolute one stays")
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

    @Test("idle expiry comes to the second, and re-authentication helps while its window is open")
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

    @Test("an expired session still says so once the reaper has ended it")
    func afterReaping() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1800)
        _ = scene.decide(.expire(created.session.id))
        #expect(scene.events.map(\.kind) == [.expired])
        let validation = try scene.validate(created.token)
        #expect(validation.reason == .expiredIdle)
        #expect(validation.session?.ending?.at == created.session.idleExpiresAt)
    }

    @Test("tokens that are no session's are malformed or unknown")
    func unknown() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(try scene.validate("nonsense").reason == .malformed)
        #expect(try scene.validate(created.refresh).reason == .malformed)
        #expect(try scene.validate(created.token + "1").reason == .unknown)
        let reference = TokenReference.genuine(try #require(scene.tokens.read(created.token, as: .session)))
        let elsewhere = scene.decide(.validate(ValidateSession(token: reference)), tenant: "other")
        guard case .succeeded(.validated(.invalid(.unknown, nil, .login))) = elsewhere else { throw Unexpected() }
    }

    @Test("a higher level or a fresher authentication is named with its remedy")
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
}
