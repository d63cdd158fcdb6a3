import SessionCore
import Testing

@Suite("Revoking and expiring")
struct RevokeTests {
    private func reference(_ token: String) -> TokenReference {
        PlainTokens().read(token, as: .session).map(TokenReference.genuine) ?? .malformed
    }

    @Test("by token, and again")
    func byToken() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(try scene.revoke(.token(reference(created.token))) == [created.session.id])
        #expect(scene.events.map(\.kind) == [.revoked])
        #expect(scene.events[0].reason == "revoked")
        #expect(try scene.revoke(.token(reference(created.token))) == [])
        #expect(scene.events.isEmpty)
    }

    @Test("by id, only within its tenant")
    func byID() throws {
        var scene = Scene()
        let created = try scene.create()
        let elsewhere = scene.decide(
            .revoke(RevokeSessions(target: .session(created.session.id))), tenant: "other")
        guard case .succeeded(.revoked([])) = elsewhere else { throw Unexpected() }
        #expect(try scene.revoke(.session(created.session.id)) == [created.session.id])
        #expect(try scene.revoke(.session(nil)) == [])
    }

    @Test("a subject's, all but one")
    func bySubject() throws {
        var scene = Scene()
        let first = try scene.create()
        scene.pass(seconds: 1)
        let second = try scene.create()
        scene.pass(seconds: 1)
        let third = try scene.create()
        let except = RevokeSessions.Exception.token(reference(second.token))
        #expect(
            try scene.revoke(.subject("alice", except: except)) == [first.session.id, third.session.id])
        #expect(try scene.revoke(.subject("alice", except: .session(second.session.id))) == [])
        #expect(try scene.revoke(.subject("alice", except: nil)) == [second.session.id])
    }

    @Test("a token to spare that is not good is refused, or the wrong session would end")
    func exception() throws {
        var scene = Scene()
        let created = try scene.create()
        for token in ["nonsense", created.token + "1"] {
            let outcome = scene.decide(
                .revoke(RevokeSessions(target: .subject("alice", except: .token(reference(token))))))
            #expect(outcome.rejection == .tokenInvalid)
        }
        #expect(try scene.validate(created.token).reason == nil)
    }

    @Test("another subject's token spares nobody, and ends nobody")
    func foreignException() throws {
        var scene = Scene()
        let created = try scene.create()
        var other = Scene()
        other.aggregate = Aggregate(handle: PlainTokens().handle(tenant: "default", subject: "bob"))
        let foreign = try other.create { $0.subject = "bob" }
        let outcome = scene.decide(
            .revoke(RevokeSessions(target: .subject("alice", except: .token(reference(foreign.token))))))
        #expect(outcome.rejection == .tokenInvalid)
        #expect(try scene.validate(created.token).reason == nil)
    }

    @Test("a session that had run out is expired, not revoked")
    func ranOut() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1800)
        #expect(try scene.revoke(.session(created.session.id)) == [])
        #expect(scene.events.map(\.kind) == [.expired])
    }

    @Test("a deadline that came too early is put back, and nothing else happens")
    func earlyDeadline() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1000)
        _ = try scene.validate(created.token)
        scene.pass(seconds: 800)
        var transaction = SubjectTransaction(
            on: scene.aggregate, now: scene.now, policies: scene.policies, random: SeededRandom(state: 1))
        _ = scene.manager.decide(Command(tenant: "", action: .expire(created.session.id)), in: &transaction)
        #expect(transaction.changed.isEmpty)
        #expect(transaction.rescheduled == [created.session.id])
        #expect(transaction.aggregate.sessions[created.session.id]?.nextDeadline == scene.now.adding(seconds: 1000))
    }

    @Test("an ended session is forgotten in the end, and its deadline with it")
    func forgotten() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = try scene.revoke(.session(created.session.id))
        scene.pass(seconds: 86399)
        _ = scene.decide(.expire(created.session.id))
        #expect(try scene.validate(created.token).reason == .revoked)
        scene.pass(seconds: 1)
        _ = scene.decide(.expire(created.session.id))
        #expect(try scene.validate(created.token).reason == .unknown)
        #expect(scene.aggregate.sessions.isEmpty)
    }

    @Test(
        "a caller's reason is a word of its own",
        arguments: [
            ("logout", true), ("revoked", true), ("a", true), ("", false), ("Logout", false), ("log out", false),
            ("evicted", false), ("token_reused", false), ("parent_ended", false),
        ])
    func reasons(word: String, isGood: Bool) {
        #expect((EndReason(callers: word) != nil) == isGood)
        #expect(EndReason(callers: String(repeating: "a", count: 65)) == nil)
    }
}
