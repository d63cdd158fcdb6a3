import SessionCore
import SojournExtension
import Testing

@testable import SessionCrypto

@Suite("Rules of an extension: refuse and annotate")
struct RuleTests {
    @Test("a refusal before the decision is not_permitted, with its sentence, and changes nothing")
    func refusedBefore() throws {
        var desk = try Desk(rules: [Told(refusedBefore: ["session.create"])])
        let before = desk.aggregate
        let (outcome, events) = try desk.carryOut(CreateSession(subject: "alice"))
        #expect(outcome.rejection?.code == .notPermitted)
        #expect(outcome.rejection?.message == "not before")
        #expect(desk.aggregate == before && events.isEmpty)
    }

    @Test("a refusal after the decision undoes everything, including evictions and events")
    func refusedAfter() throws {
        let rule = Told(refusedAfter: ["session.create"])
        var desk = try Desk(rules: [Told()])
        for _ in 0..<5 { _ = try desk.create() }
        var refusing = try desk.with(rules: [rule])
        let before = refusing.aggregate
        let (outcome, events) = try refusing.carryOut(CreateSession(subject: "alice"))
        #expect(outcome.rejection?.message == "not after")
        #expect(rule.decisions.first?.affected.count == 1, "it would have evicted one")
        #expect(refusing.aggregate == before && events.isEmpty)
    }

    @Test("a refused command uses up its code and has no other effect")
    func usedCode() throws {
        var desk = try Desk(rules: [Told(refusedAfter: ["session.create"])], verifiers: [OneCode()])
        let create = CreateSession(subject: "alice", factor: FactorProof(kind: "grid", code: Secret("7")))
        let (outcome, events) = try desk.carryOut(create)
        #expect(outcome.rejection?.message == "not after")
        #expect(desk.aggregate.sessions.isEmpty && events.isEmpty)
        desk = try desk.with(rules: [], verifiers: [OneCode()])
        #expect(try desk.carryOut(create).outcome.rejection?.code == .factorRejected)
    }

    @Test("the code of an authenticator and a recovery code are used up as well")
    func usedFactors() throws {
        var desk = try Desk()
        let enrolled = try desk.carryOut(EnrollFactor(subject: "alice")).outcome
        guard case .enrolled(let enrolment) = try enrolled.data else { throw Unexpected(outcome: enrolled) }
        let secret = try #require(desk.aggregate.subject?.factors.first?.secret)
        func code(at now: Timestamp) -> Secret {
            let digits = String(TOTP.code(at: TOTP.step(at: now), secret: secret))
            return Secret(String(repeating: "0", count: TOTP.digits - digits.count) + digits)
        }
        let confirm = ConfirmFactor(subject: "alice", factorID: enrolment.factorID, code: code(at: desk.now))
        _ = try desk.carryOut(confirm).outcome.data
        desk.now = desk.now.adding(seconds: 30)
        for proof in [
            FactorProof(kind: "totp", code: code(at: desk.now)),
            FactorProof(kind: "recovery", code: enrolment.recoveryCodes[0]),
        ] {
            let create = CreateSession(subject: "alice", factor: proof)
            desk = try desk.with(rules: [Told(refusedAfter: ["session.create"])])
            #expect(try desk.carryOut(create).outcome.rejection?.code == .notPermitted)
            desk = try desk.with(rules: [])
            #expect(try desk.carryOut(create).outcome.rejection?.code == .factorRejected)
        }
        #expect(desk.aggregate.sessions.isEmpty)
    }

    @Test("more than 64 rules are rejected at startup")
    func tooMany() throws {
        _ = try Desk(rules: Array(repeating: Told(), count: 64))
        #expect(throws: ExtensionError.self) { try Desk(rules: Array(repeating: Told(), count: 65)) }
    }

    @Test("the first rule that refuses decides, and later ones are not called")
    func order() throws {
        let last = Told()
        var desk = try Desk(rules: [Told(), Told(refusedBefore: ["session.list"]), last])
        let outcome = try desk.carryOut(ListSessions(subject: "alice")).outcome
        #expect(outcome.rejection?.code == .notPermitted)
        #expect(last.attempts.isEmpty)
    }

    @Test("no rule can keep a reused refresh token from ending its session, or a wrong code from being counted")
    func effectsOfRejections() throws {
        let rule = Told(refusedAfter: ["session.refresh", "session.elevate"])
        var desk = try Desk(verifiers: [OneCode()])
        desk.policies = .withoutGrace
        let created = try desk.create()
        let stolen = try desk.token(created.tokens.refresh, as: .refresh)
        _ = try desk.carryOut(RefreshSession(refreshToken: stolen))
        desk = try desk.with(rules: [rule], verifiers: [OneCode()])
        let token = try desk.token(created.tokens.session, as: .session)
        let proof = ElevateSession.Proof.factor(FactorProof(kind: "grid", code: Secret("wrong")))
        #expect(
            try desk.carryOut(ElevateSession(token: token, proof: proof)).outcome.rejection?.code
                == .factorRejected)
        #expect(desk.aggregate.subject?.verifierStates["grid"]?.attempts.failures == 1)
        #expect(
            try desk.carryOut(RefreshSession(refreshToken: stolen)).outcome.rejection?.code
                == .refreshTokenReused)
        #expect(desk.aggregate.sessions[created.session.id]?.status == .revoked)
        #expect(rule.decisions.isEmpty)
    }

    @Test("the reaper calls no rule")
    func reaper() throws {
        let rule = Told(refusedBefore: ["session.create", ""], refusedAfter: ["session.create", ""])
        var desk = try Desk()
        let id = try desk.create().session.id
        desk = try desk.with(rules: [rule])
        desk.now = desk.now.adding(seconds: 1800)
        #expect(try desk.carryOut(ExpireSession(id)).events.map(\.kind) == [.expired])
        #expect(rule.attempts.isEmpty && rule.decisions.isEmpty)
    }

    @Test("a rule receives the contents of the command and the facts of its session")
    func facts() throws {
        let rule = Told()
        var desk = try Desk(rules: [rule])
        let create = CreateSession(
            subject: "alice", device: Device(name: "Firefox"), context: ClientContext(ip: "192.0.2.1", country: "DE"),
            authentication: Authentication(methods: ["pwd"]),
            attributes: ["role": .string("admin"), "age": .integer(1)])
        let outcome = try desk.carryOut(create, caller: "portal").outcome
        guard case .created(let session, let tokens, evicted: _, challenge: _) = try outcome.data else {
            throw Unexpected(outcome: outcome)
        }
        let attempt = try #require(rule.attempts.first)
        #expect(
            attempt
                == SessionAttempt(
                    command: "session.create", subject: "alice", caller: "portal", policy: "default",
                    context: SessionContext(ip: "192.0.2.1", country: "DE"), device: SessionDevice(name: "Firefox"),
                    methods: ["pwd"], attributes: ["role": "admin"], nowMilliseconds: 1_800_000_000_000))
        #expect(rule.decisions.first?.session?.id == session.id.text)

        let token = try desk.token(tokens.session, as: .session)
        _ = try desk.carryOut(ValidateSession(token: token, context: ClientContext(country: "FR")))
        let validate = try #require(rule.attempts.last)
        #expect(validate.command == "session.validate" && validate.subject == "alice")
        #expect(validate.policy == "default")
        #expect(validate.context == SessionContext(country: "FR"))
        #expect(validate.session?.context == SessionContext(ip: "192.0.2.1", country: "DE"))
        #expect(validate.session?.attributes == ["role": "admin"] && validate.session?.level == 1)
    }

    @Test("a command that names no session of the tenant passes none to the rule")
    func strangers() throws {
        let rule = Told()
        var desk = try Desk(rules: [rule])
        _ = try desk.carryOut(ValidateSession(token: .malformed))
        _ = try desk.carryOut(ListPolicies())
        #expect(rule.attempts.map(\.session) == [nil, nil] && rule.attempts.map(\.subject) == [nil, nil])
    }
}

// MARK: - Annotations

extension RuleTests {
    @Test("the result has the annotations of all rules; for the same key the later rule wins")
    func annotations() throws {
        var desk = try Desk(rules: [
            Told(annotations: ["a": "1", "b": "1"]), Told(annotations: ["b": "2"]),
        ])
        let outcome = try desk.carryOut(ListSessions(subject: "alice")).outcome
        #expect(try outcome.data.annotations == ["a": "1", "b": "2"])
    }

    @Test("annotations from before and after the decision are both in the result; for the same key the later one wins")
    func bothAnnotations() throws {
        let terms = SessionTerms(annotations: ["a": "before", "b": "before"])
        var desk = try Desk(rules: [Told(terms, annotations: ["b": "after"])])
        let outcome = try desk.carryOut(ListSessions(subject: "alice")).outcome
        #expect(try outcome.data.annotations == ["a": "before", "b": "after"])
    }

    @Test("annotations from before the decision are kept for an invalid session, and dropped for a rejection")
    func annotatedInvalid() throws {
        var desk = try Desk(rules: [Told(SessionTerms(annotations: ["why": "hours"]), annotations: ["a": "1"])])
        let invalid = try desk.carryOut(ValidateSession(token: .malformed)).outcome
        #expect(try invalid.data.annotations == ["why": "hours"])
        #expect(try desk.carryOut(GetSession(.session(nil))).outcome.rejection?.code == .sessionNotFound)
    }

    @Test("a result without annotations is the same as without rules")
    func noAnnotations() throws {
        var desk = try Desk(rules: [Told()])
        #expect(try desk.carryOut(ListSessions(subject: "alice")).outcome.data.annotations == nil)
    }

    @Test("annotations are bounded: 16 of 256 characters, keys of 1 to 64")
    func bounds() throws {
        var many = Dictionary(uniqueKeysWithValues: (10..<40).map { ("k\($0)", "v") })
        many["a"] = String(repeating: "ä", count: 300)
        many[""] = "v"
        many[String(repeating: "b", count: 65)] = "v"
        var desk = try Desk(rules: [Told(annotations: many)])
        let kept = try #require(try desk.carryOut(ListSessions(subject: "alice")).outcome.data.annotations)
        #expect(kept.keys.sorted() == ["a"] + (10..<25).map { "k\($0)" })
        #expect(kept["a"] == String(repeating: "ä", count: 256))
    }

    @Test("rules are not called after the decision for invalid sessions or rejections")
    func notGranted() throws {
        let rule = Told(annotations: ["a": "1"], refusedAfter: ["session.validate"])
        var desk = try Desk(rules: [rule])
        let invalid = try desk.carryOut(ValidateSession(token: .malformed)).outcome
        guard case .validated(.invalid(.malformed, nil, .login)) = try invalid.data else {
            throw Unexpected(outcome: invalid)
        }
        let rejected = try desk.carryOut(GetSession(.session(nil))).outcome
        #expect(rejected.rejection?.code == .sessionNotFound)
        #expect(rule.decisions.isEmpty && rule.attempts.count == 2)
    }

    @Test("the sentence of a refusal is bounded and never empty")
    func sentences() throws {
        struct Wordy: SessionRule {
            let sentence: String
            func before(_ attempt: SessionAttempt) throws(SessionRefusal) -> SessionTerms {
                throw SessionRefusal(sentence)
            }
        }
        var desk = try Desk(rules: [Wordy(sentence: String(repeating: "n", count: 1000))])
        #expect(try desk.carryOut(ListPolicies()).outcome.rejection?.message.count == 256)
        desk = try Desk(rules: [Wordy(sentence: "")])
        #expect(try desk.carryOut(ListPolicies()).outcome.rejection?.message.isEmpty == false)
    }
}

extension PolicyCatalogue {
    fileprivate static var withoutGrace: PolicyCatalogue {
        var policy = SessionPolicy()
        policy.refreshGraceSeconds = 0
        return PolicyCatalogue([SessionPolicy.defaultName: policy])
    }
}
