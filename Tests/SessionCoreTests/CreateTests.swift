import SessionCore
import Testing

@Suite("Creating sessions")
struct CreateTests {
    @Test("a session carries what it was created with")
    func carries() throws {
        var scene = Scene()
        let device = Device(id: "d1", name: "Firefox", platform: "linux", fingerprint: "f")
        let context = ClientContext(ip: "192.0.2.1", country: "DE", coordinates: .init(latitude: 1, longitude: 2))
        let created = try scene.create {
            $0.device = device
            $0.context = context
            $0.actor = "support"
            $0.attributes = ["plan": .string("pro")]
            $0.authentication = Authentication(methods: ["pwd", "otp"])
        }
        let session = created.session
        #expect(session.status == .active)
        #expect(session.device == device)
        #expect(session.context == context)
        #expect(session.actor == "support")
        #expect(session.attributes == ["plan": .string("pro")])
        #expect(session.level == 2)
        #expect(session.authenticatedAt == scene.now)
        #expect(session.generation == 1)
        #expect(session.expiresAt == scene.now.adding(seconds: 43200))
        #expect(session.idleExpiresAt == scene.now.adding(seconds: 1800))
        #expect(session.id.handle == scene.aggregate.handle)
    }

    @Test("creation is announced once, with sequence 1")
    func announced() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(scene.events.map(\.kind) == [.created])
        #expect(scene.events[0].sequence == 1)
        #expect(scene.events[0].session?.id == created.session.id)
    }

    @Test("tokens are kept as digests only")
    func digests() throws {
        var scene = Scene()
        let created = try scene.create()
        let kept = try #require(scene.aggregate.sessions[created.session.id])
        #expect(!"\(kept)".contains(created.token))
        #expect(kept.credentials.session == scene.tokens.read(created.token, as: .session)?.digest)
    }

    @Test("an unknown policy is a rejection")
    func unknownPolicy() {
        var scene = Scene()
        let outcome = scene.decide(.create(CreateSession(subject: "alice", policy: "none")))
        #expect(outcome.rejection == .policyNotFound)
        #expect(scene.aggregate.sessions.isEmpty)
    }

    @Test(
        "lifetimes are the policy's at most",
        arguments: [
            (1801, nil, "/idleSeconds"), (nil, 43201, "/absoluteSeconds"), (600, 300, "/idleSeconds"),
        ] as [(Int?, Int?, String)])
    func lifetimes(idle: Int?, absolute: Int?, path: String) {
        var scene = Scene()
        let outcome = scene.decide(
            .create(CreateSession(subject: "alice", idleSeconds: idle, absoluteSeconds: absolute)))
        #expect(outcome.failure?.code == .invalidField)
        #expect(outcome.failure?.path == path)
    }

    @Test("a short absolute lifetime shortens the idle time that was not asked for")
    func shortAbsolute() throws {
        var scene = Scene()
        let session = try scene.create { $0.absoluteSeconds = 60 }.session
        #expect(session.idleSeconds == 60)
        #expect(session.idleExpiresAt == session.expiresAt)
    }

    @Test("a caller's clock may be a minute ahead and not more")
    func authenticationTime() throws {
        var scene = Scene()
        let early = scene.now.adding(seconds: -5)
        #expect(
            try scene.create { $0.authentication = .init(methods: ["pwd"], at: early) }.session.authenticatedAt == early
        )
        let ahead = scene.now.adding(seconds: 60)
        #expect(
            try scene.create { $0.authentication = .init(methods: ["pwd"], at: ahead) }.session.authenticatedAt
                == scene.now)
        let outcome = scene.decide(
            .create(
                CreateSession(
                    subject: "alice", authentication: .init(methods: ["pwd"], at: scene.now.adding(seconds: 61)))))
        #expect(outcome.failure?.path == "/authentication/at")
    }

    @Test("a command whose deadline has passed is not carried out")
    func deadline() {
        var scene = Scene()
        let outcome = scene.decide(
            .create(CreateSession(subject: "alice")), deadline: Timestamp(milliseconds: scene.now.milliseconds - 1))
        #expect(outcome.failure?.code == .commandExpired)
        #expect(scene.aggregate.sessions.isEmpty)
        #expect(scene.decide(.create(CreateSession(subject: "alice")), deadline: scene.now).failure == nil)
    }
}

@Suite("The session limit")
struct LimitTests {
    @Test("the sixth session evicts the least recently active")
    func evictsLeastRecentlyActive() throws {
        var scene = Scene()
        var created: [Scene.Created] = []
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

    @Test("evictOldest goes by creation")
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

    @Test("reject says how many are in use, and announces it")
    func rejects() throws {
        var scene = Scene {
            $0.maxSessions = 1
            $0.onLimit = .reject
        }
        _ = try scene.create()
        let outcome = scene.decide(.create(CreateSession(subject: "alice")))
        #expect(outcome.rejection == .limitReached)
        if case .rejected(let rejection) = outcome { #expect(rejection.message == "1 of 1 sessions are in use") }
        #expect(scene.events.map(\.kind) == [.limitReached])
        #expect(scene.aggregate.sessions.count == 1)
    }

    @Test("sessions that have run out do not count, and are ended first")
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

    @Test("zero means no limit")
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

    @Test("no more ended sessions are remembered than there is room for")
    func endedAreBounded() throws {
        var scene = Scene { $0.maxSessions = 1 }
        for _ in 0..<150 { _ = try scene.create() }
        let ended = scene.aggregate.sessions.values.filter { !$0.status.isLiving }
        #expect(ended.count == SubjectTransaction.maxEndedSessions)
    }
}
