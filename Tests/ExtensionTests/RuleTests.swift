import SessionCore
import SojournExtension
import Testing

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

    @Test("a refusal after the decision undoes all of it, evictions and events included")
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

    @Test("a code that was shown to a rule that refuses is used up, and nothing else is left of it")
    func usedCode() throws {
        var desk = try Desk(rules: [Told(refusedAfter: ["session.create"])], verifiers: [OneCode()])
        let create = CreateSession(subject: "alice", factor: FactorProof(kind: "grid", code: Secret("7")))
        let (outcome, events) = try desk.carryOut(create)
        #expect(outcome.rejection?.message == "not after")
        #expect(desk.aggregate.sessions.isEmpty && events.isEmpty)
        desk = try desk.with(rules: [], verifiers: [OneCode()])
        #expect(try desk.carryOut(create).outcome.rejection?.code == .factorRejected)
    }

    @Test("more than 64 rules are refused at the start")
    func tooMany() throws {
        _ = try Desk(rules: Array(repeating: Told(), count: 64))
        #expect(throws: ExtensionError.self) { try Desk(rules: Array(repeating: Told(), count: 65)) }
    }

    @Test("of several rules the first that refuses decides, and those behind it are not asked")
    func order() throws {
        let last = Told()
        var desk = try Desk(rules: [Told(), Told(refusedBefore: ["session.list"]), last])
        let outcome = try desk.carryOut(ListSessions(subject: "alice")).outcome
        #expect(outcome.rejection?.code == .notPermitted)
        #expect(last.attempts.isEmpty)
    }

    @Test("nothing can undo that a reused refresh token ends its session, or that a wrong code is counted")
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

    @Test("the reaper asks nobody")
    func reaper() throws {
        let rule = Told(refusedBefore: ["session.create", ""], refusedAfter: ["session.create", ""])
        var desk = try Desk()
        let id = try desk.create().session.id
        desk = try desk.with(rules: [rule])
        desk.now = desk.now.adding(seconds: 1800)
        #expect(try desk.carryOut(ExpireSession(id)).events.map(\.kind) == [.expired])
        #expect(rule.attempts.isEmpty && rule.decisions.isEmpty)
    }

    @Test("a rule is told what the command says and what is known of its session")
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
        #expect(validate.context == SessionContext(country: "FR"))
        #expect(validate.session?.context == SessionContext(ip: "192.0.2.1", country: "DE"))
        #expect(validate.session?.attributes == ["role": "admin"] && validate.session?.level == 1)
    }

    @Test("a command that names no session of the tenant tells of none")
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
    @Test("all rules' annotations are in the result; of one key the later rule's text counts")
    func annotations() throws {
        var desk = try Desk(rules: [
            Told(annotations: ["a": "1", "b": "1"]), Told(annotations: ["b": "2"]),
        ])
        let outcome = try desk.carryOut(ListSessions(subject: "alice")).outcome
        #expect(try outcome.data.annotations == ["a": "1", "b": "2"])
    }

    @Test("a rule's annotations before and after the decision are both there; of one key the one after counts")
    func bothAnnotations() throws {
        let terms = SessionTerms(annotations: ["a": "before", "b": "before"])
        var desk = try Desk(rules: [Told(terms, annotations: ["b": "after"])])
        let outcome = try desk.carryOut(ListSessions(subject: "alice")).outcome
        #expect(try outcome.data.annotations == ["a": "before", "b": "after"])
    }

    @Test("what was noted before the decision is also with a session that is not valid, and not with a rejection")
    func annotatedInvalid() throws {
        var desk = try Desk(rules: [Told(SessionTerms(annotations: ["why": "hours"]), annotations: ["a": "1"])])
        let invalid = try desk.carryOut(ValidateSession(token: .malformed)).outcome
        #expect(try invalid.data.annotations == ["why": "hours"])
        #expect(try desk.carryOut(GetSession(.session(nil))).outcome.rejection?.code == .sessionNotFound)
    }

    @Test("a result without annotations is what it is without rules")
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

    @Test("what is not valid, and what is rejected, is neither asked about nor annotated")
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

    @Test("a refusal's sentence is bounded, and there always is one")
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
