import SessionCore
import Testing

@Suite("Creating sessions")
struct CreateTests {
    @Test("a session has the values it was created with")
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
        #expect(session.assurance.level(at: scene.now) == 2)
        #expect(session.authenticatedAt == scene.now)
        #expect(session.generation == 1)
        #expect(session.expiresAt == scene.now.adding(seconds: 43200))
        #expect(session.idleExpiresAt == scene.now.adding(seconds: 1800))
        #expect(session.id.handle == scene.aggregate.handle)
        #expect(session.placedAt == scene.now)
        #expect(try scene.create { $0.context = ClientContext(country: "DE") }.session.placedAt == nil)
    }

    @Test("creation is announced once, with sequence 1")
    func announced() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(scene.events.map(\.kind) == [.created])
        #expect(scene.events[0].sequence == 1)
        #expect(scene.events[0].session?.id == created.session.id)
    }

    @Test("only digests of tokens are stored")
    func digests() throws {
        var scene = Scene()
        let created = try scene.create()
        let kept = try #require(scene.aggregate.sessions[created.session.id])
        #expect(!"\(kept)".contains(created.token))
        #expect(kept.credentials.session == scene.tokens.read(created.token, as: .session)?.digest)
    }

    @Test("an unknown policy is rejected")
    func unknownPolicy() {
        var scene = Scene()
        let outcome = scene.decide(CreateSession(subject: "alice", policy: "none"))
        #expect(outcome.rejection == .policyNotFound)
        #expect(scene.aggregate.sessions.isEmpty)
    }

    @Test(
        "lifetimes are at most the policy's",
        arguments: [
            (1801, nil, "/idleSeconds"), (nil, 43201, "/absoluteSeconds"), (600, 300, "/idleSeconds"),
        ] as [(Int?, Int?, String)])
    func lifetimes(idle: Int?, absolute: Int?, path: String) {
        var scene = Scene()
        let outcome = scene.decide(
            CreateSession(subject: "alice", idleSeconds: idle, absoluteSeconds: absolute))
        #expect(outcome.failure?.code == .invalidField)
        #expect(outcome.failure?.path == path)
    }

    @Test(
        "the policy's lifetimes themselves may be asked for, and to rest for as long as it lasts",
        arguments: [(1800, 43200), (600, 600)])
    func longestLifetimes(idle: Int, absolute: Int) throws {
        var scene = Scene()
        let session = try scene.create {
            $0.idleSeconds = idle
            $0.absoluteSeconds = absolute
        }.session
        #expect(session.idleSeconds == idle)
        #expect(session.expiresAt == scene.now.adding(seconds: absolute))
    }

    @Test("a short absolute lifetime shortens the default idle lifetime")
    func shortAbsolute() throws {
        var scene = Scene()
        let session = try scene.create { $0.absoluteSeconds = 60 }.session
        #expect(session.idleSeconds == 60)
        #expect(session.idleExpiresAt == session.expiresAt)
    }

    @Test("a caller's clock may be at most a minute ahead")
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
            CreateSession(
                subject: "alice", authentication: .init(methods: ["pwd"], at: scene.now.adding(seconds: 61))))
        #expect(outcome.failure?.path == "/authentication/at")
    }

    @Test("a command whose deadline has passed is not executed")
    func deadline() {
        var scene = Scene()
        let outcome = scene.decide(
            CreateSession(subject: "alice"), deadline: Timestamp(milliseconds: scene.now.milliseconds - 1))
        #expect(outcome.failure?.code == .commandExpired)
        #expect(scene.aggregate.sessions.isEmpty)
        #expect(scene.decide(CreateSession(subject: "alice"), deadline: scene.now).failure == nil)
    }

    @Test("a session without an authentication has level 1 and no authentication time")
    func silent() throws {
        var scene = Scene()
        let session = try scene.create().session
        #expect(session.assurance.level(at: scene.now) == 1)
        #expect(session.authenticatedAt == nil)
        #expect(session.attributes == [:])
    }

    @Test("all three tokens are issued, with their expiry times")
    func tokens() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(created.token.hasPrefix("sjs_"))
        #expect(created.refresh.hasPrefix("sjr_"))
        #expect(created.tokens.refreshExpiresAt == scene.now.adding(seconds: 43200))
        #expect(created.tokens.accessClaims?.expiresAt == scene.now.adding(seconds: 300))
    }

    @Test("an access token states subject, level, authentication time, actor and caller")
    func accessClaims() throws {
        var scene = Scene()
        scene.caller = "shop"
        let early = scene.now.adding(seconds: -5)
        let created = try scene.create {
            $0.authentication = .init(methods: ["pwd", "hwk"], at: early)
            $0.actor = "support"
        }
        let claims = try #require(created.tokens.accessClaims)
        #expect(claims.session == created.id)
        #expect(claims.generation == 1)
        #expect(claims.tenant == "default")
        #expect(claims.subject == "alice")
        #expect(claims.clientID == "shop")
        #expect(claims.level == 3)
        #expect(claims.methods == ["pwd", "hwk"])
        #expect(claims.authenticatedAt == early)
        #expect(claims.actor == "support")
        #expect(claims.issuedAt == scene.now)
        scene.caller = nil
        #expect(try scene.create().tokens.accessClaims?.clientID == "anonymous")
    }

    @Test("every access token has a unique id")
    func accessNames() throws {
        var scene = Scene()
        let first = try scene.create().tokens.accessClaims?.id
        #expect(first?.utf8.count == 28, "a prefix, and 24 characters")
        #expect(try scene.create().tokens.accessClaims?.id != first)
    }

    @Test("no access token outlives its session or the time recorded for it")
    func accessCapped() throws {
        var scene = Scene { $0.accessTokenSeconds = 3600 }
        let created = try scene.create { $0.idleSeconds = 100 }
        #expect(created.tokens.accessClaims?.expiresAt == scene.now.adding(seconds: 100))
        #expect(created.session.accessTokensExpireAt(after: scene.now) == scene.now.adding(seconds: 100))
        #expect(created.session.accessTokensExpireAt(after: scene.now.adding(seconds: 100)) == nil)
    }

    @Test("the expiry reported for an access token is a whole second, as in the token")
    func accessWholeSeconds() throws {
        var scene = Scene { $0.accessTokenSeconds = 300 }
        let end = scene.now.adding(seconds: 300)
        scene.now.milliseconds += 999
        let created = try scene.create()
        #expect(created.tokens.accessClaims?.expiresAt == end)
        #expect(created.session.accessTokensExpireAt(after: scene.now) == end)
    }

    @Test("a disabled subject cannot create sessions")
    func disabled() throws {
        var scene = Scene()
        _ = scene.disable()
        #expect(scene.createOutcome().rejection == .subjectDisabled)
        #expect(scene.wroteNothing)
    }

    @Test("a code in session.create counts as a second factor")
    func factor() throws {
        var scene = Scene { $0.mfa.required = .always }
        let (factor, _) = try scene.enrolled()
        let code = scene.code(of: factor)
        let created = try scene.create {
            $0.authentication = .init(methods: ["pwd"])
            $0.factor = FactorProof(kind: "totp", code: code)
        }
        #expect(created.session.status == .active)
        #expect(created.challenge == nil)
        #expect(created.session.assurance.methods(at: scene.now) == ["pwd", "otp"])
    }

    // MARK: Pending

    @Test("always: below level 2 a session begins pending, with only a session token and a challenge")
    func pending() throws {
        var scene = Scene { $0.mfa.required = .always }
        _ = try scene.enrolled()
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        #expect(created.session.status == .pending)
        #expect(created.tokens.session != nil)
        #expect(created.tokens.refresh == nil)
        #expect(created.tokens.accessClaims == nil)
        let challenge = try #require(created.challenge)
        #expect(challenge.reason == .mfaRequired)
        #expect(challenge.methods == ["totp", "recovery"])
        #expect(challenge.expiresAt == scene.now.adding(seconds: 300))
        #expect(scene.kinds == [.created])
        let validation = try scene.validate(created.token)
        #expect(validation.reason == .pending)
        #expect(validation.remedy == .elevate)
    }

    @Test("a challenge names the factors that the subject can use, even if there are none")
    func challengeMethods() throws {
        var scene = Scene { $0.mfa.required = .always }
        #expect(try scene.create { $0.authentication = .init(methods: ["pwd"]) }.challenge?.methods == [])
        _ = try scene.enroll()
        #expect(try scene.create { $0.authentication = .init(methods: ["pwd"]) }.challenge?.methods == [])
    }

    @Test(
        "a challenge offers no code that does not reach the level",
        arguments: [[], ["sms"], ["otp"], ["unknown"]] as [[ExactText]])
    func challengeInVain(methods: [ExactText]) throws {
        var scene = Scene { $0.mfa.required = .always }
        _ = try scene.enrolled()
        let created = try scene.create {
            if !methods.isEmpty { $0.authentication = .init(methods: methods) }
        }
        #expect(created.challenge?.methods == [])
        #expect(
            try scene.create { $0.authentication = .init(methods: ["face"]) }.challenge?.methods == [
                "totp", "recovery",
            ])
    }

    @Test("at level 2 a session begins active", arguments: [["pwd", "otp"], ["mfa"]] as [[ExactText]])
    func levelTwo(methods: [ExactText]) throws {
        var scene = Scene { $0.mfa.required = .always }
        let created = try scene.create { $0.authentication = .init(methods: methods) }
        #expect(created.session.status == .active)
        #expect(created.challenge == nil)
    }

    @Test("a pending session cannot be used for anything")
    func pendingDoesNothing() throws {
        var scene = Scene { $0.mfa.required = .always }
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        #expect(scene.beginTransfer(created.token).rejection == .sessionPending)
        #expect(scene.reauthenticate(created.token).rejection == .sessionPending)
        #expect(scene.createOutcome { $0.parent = .init(id: created.id) }.rejection == .parentNotActive)
    }

    @Test("a pending session that is not elevated in time expires as pending, and cannot be resumed")
    func pendingExpires() throws {
        var scene = Scene { $0.mfa.required = .always }
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        scene.pass(seconds: 300)
        #expect(try scene.validate(created.token).reason == .expiredPending)
        #expect(try scene.validate(created.token).remedy == .login)
        #expect(scene.elevate(created.token, methods: ["otp"]).rejection == .sessionEnded)
        scene.reap(created)
        #expect(scene.events.map(\.reason) == ["expired_pending"])
        #expect(try scene.validate(created.token).reason == .expiredPending)
        #expect(scene.reauthenticate(created.token).rejection == .sessionEnded)
    }

    @Test(
        "onRisk: a session with a fingerprint or country that no known session had begins pending",
        arguments: [
            (ClientContext(fingerprint: "f", country: "DE"), false), (ClientContext(country: "FR"), true),
            (ClientContext(fingerprint: "g"), true), (ClientContext(fingerprint: "f", country: "FR"), true),
            (ClientContext(), false), (ClientContext(ip: "192.0.2.1", asn: 7), false),
        ])
    func onRisk(context: ClientContext, isRisky: Bool) throws {
        var scene = Scene { $0.mfa.required = .onRisk }
        let first = try scene.create { $0.context = ClientContext(fingerprint: "f", country: "DE") }
        #expect(first.session.status == .active, "the very first differs from nothing")
        let second = try scene.create { $0.context = context }
        #expect(second.session.status == (isRisky ? .pending : .active))
        #expect(second.challenge?.reason == (isRisky ? .risk : nil))
    }

    @Test("onRisk: a device's fingerprint counts as the context's")
    func onRiskDevice() throws {
        var scene = Scene { $0.mfa.required = .onRisk }
        _ = try scene.create { $0.device = Device(fingerprint: "f") }
        #expect(try scene.create { $0.device = Device(fingerprint: "f") }.session.status == .active)
        #expect(try scene.create { $0.device = Device(fingerprint: "g") }.session.status == .pending)
    }

    @Test("onRisk: a pending session makes no place known")
    func onRiskTwice() throws {
        var scene = Scene { $0.mfa.required = .onRisk }
        _ = try scene.create { $0.context = ClientContext(country: "DE") }
        for _ in 0..<2 {
            let attempt = try scene.create { $0.context = ClientContext(country: "KP") }
            #expect(attempt.session.status == .pending, "a password tried twice is still one factor")
        }
    }

    @Test("onRisk: a session that was never elevated makes no place known")
    func onRiskExpired() throws {
        var scene = Scene { $0.mfa.required = .onRisk }
        _ = try scene.create { $0.context = ClientContext(country: "DE") }
        _ = try scene.create { $0.context = ClientContext(country: "KP") }
        scene.pass(seconds: 300)
        #expect(try scene.create { $0.context = ClientContext(country: "KP") }.session.status == .pending)
    }

    @Test("onRisk: a place where the second factor was shown is known from then on")
    func onRiskElevated() throws {
        var scene = Scene { $0.mfa.required = .onRisk }
        _ = try scene.create { $0.context = ClientContext(country: "DE") }
        let abroad = try scene.create {
            $0.context = ClientContext(country: "FR")
            $0.authentication = .init(methods: ["pwd"])
        }
        _ = try scene.elevate(abroad.token, methods: ["otp"]).issued()
        #expect(try scene.create { $0.context = ClientContext(country: "FR") }.session.status == .active)
    }

    @Test("a child under a stricter policy is pending until both its parent and it have level 2")
    func pendingChild() throws {
        var scene = Scene("strict") { $0.mfa.required = .always }
        let parent = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        let child = try scene.child(of: parent) {
            $0.policy = "strict"
            $0.authentication = .init(methods: ["pwd"])
        }
        #expect(child.session.status == .pending)
        #expect(scene.elevate(child.token, methods: ["otp"]).rejection == .factorRejected)
        let elevated = try scene.elevate(parent.token, methods: ["otp"]).issued()
        #expect(scene.status(of: child) == .pending)
        #expect(try scene.elevate(child.token, methods: ["otp"]).issued().session.status == .active)
        #expect(try scene.child(of: elevated) { $0.policy = "strict" }.session.status == .active)
    }
}
