import SessionCore
import Testing

@Suite("Revoking and expiring sessions")
struct RevokeTests {
    private func reference(_ token: String) -> TokenReference {
        PlainTokens().reference(token)
    }

    @Test("a session is revoked by token, and repeating it changes nothing")
    func byToken() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(try scene.revoke(.token(reference(created.token))) == [created.session.id])
        #expect(scene.events.map(\.kind) == [.revoked])
        #expect(scene.events[0].reason == "revoked")
        #expect(try scene.revoke(.token(reference(created.token))) == [])
        #expect(scene.events.isEmpty)
    }

    @Test("a session is revoked by id, only within its tenant")
    func byID() throws {
        var scene = Scene()
        let created = try scene.create()
        let elsewhere = scene.decide(
            RevokeSessions(target: .session(created.session.id)), tenant: "other")
        guard case .succeeded(.revoked([])) = elsewhere else { throw Unexpected() }
        #expect(try scene.revoke(.session(created.session.id)) == [created.session.id])
        #expect(try scene.revoke(.session(nil)) == [])
    }

    @Test("all sessions of a subject are revoked except one")
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

    @Test("an invalid token to spare is refused, because the wrong session would end")
    func exception() throws {
        var scene = Scene()
        let created = try scene.create()
        for token in ["nonsense", created.token + "1"] {
            let outcome = scene.decide(
                RevokeSessions(target: .subject("alice", except: .token(reference(token)))))
            #expect(outcome.rejection == .tokenInvalid)
        }
        #expect(try scene.validate(created.token).reason == nil)
    }

    @Test("another subject's token to spare is refused, and ends nothing")
    func foreignException() throws {
        var scene = Scene()
        let created = try scene.create()
        var other = Scene()
        other.aggregate = Aggregate(handle: PlainTokens().handle(tenant: "default", subject: "bob"))
        let foreign = try other.create { $0.subject = "bob" }
        let outcome = scene.decide(
            RevokeSessions(target: .subject("alice", except: .token(reference(foreign.token)))))
        #expect(outcome.rejection == .tokenInvalid)
        #expect(try scene.validate(created.token).reason == nil)
    }

    @Test("a session whose deadline had passed expires instead of being revoked")
    func ranOut() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1800)
        #expect(try scene.revoke(.session(created.session.id)) == [])
        #expect(scene.events.map(\.kind) == [.expired])
    }

    @Test("a deadline that is found too early is corrected, and nothing else happens")
    func earlyDeadline() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1000)
        _ = try scene.validate(created.token)
        scene.pass(seconds: 800)
        var transaction = scene.transaction()
        _ = try scene.manager.decide(Command(tenant: "", action: ExpireSession(created.session.id)), in: &transaction)
        #expect(transaction.changed.isEmpty)
        #expect(transaction.rescheduled == [created.session.id])
        #expect(transaction.aggregate.sessions[created.session.id]?.nextDeadline == scene.now.adding(seconds: 1000))
    }

    @Test("an ended session is eventually forgotten, together with its deadline")
    func forgotten() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = try scene.revoke(.session(created.session.id))
        scene.pass(seconds: 86399)
        _ = scene.decide(ExpireSession(created.session.id))
        #expect(try scene.validate(created.token).reason == .revoked)
        scene.pass(seconds: 1)
        _ = scene.decide(ExpireSession(created.session.id))
        #expect(try scene.validate(created.token).reason == .unknown)
        #expect(scene.aggregate.sessions.isEmpty)
    }

    @Test(
        "a caller's reason must be a word that Sojourn does not use",
        arguments: [
            ("logout", true), ("revoked", true), ("a", true), ("", false), ("Logout", false), ("log out", false),
            ("evicted", false), ("token_reused", false), ("parent_ended", false),
        ])
    func reasons(word: String, isGood: Bool) {
        #expect((EndReason(callers: word) != nil) == isGood)
        #expect(EndReason(callers: String(repeating: "a", count: 64)) != nil)
        #expect(EndReason(callers: String(repeating: "a", count: 65)) == nil)
    }

    @Test("the session and the event state the reason of the revocation")
    func reason() throws {
        var scene = Scene()
        let created = try scene.create()
        let logout = try #require(EndReason(callers: "logout"))
        _ = scene.decide(RevokeSessions(target: .session(created.id), reason: logout))
        #expect(scene[created]?.ending?.reason == logout)
        #expect(scene.events.map(\.reason) == ["logout"])
    }

    @Test("a spared session keeps its ancestors, without which it would end")
    func sparesAncestors() throws {
        var scene = Scene()
        let root = try scene.create()
        let child = try scene.child(of: root)
        let sibling = try scene.child(of: root)
        scene.pass(seconds: 1)
        let other = try scene.create()
        let revoked = try scene.revoke(.subject("alice", except: .token(reference(child.token))))
        #expect(Set(revoked) == [sibling.id, other.id])
        #expect(try scene.validate(child.token).isValid)
        #expect(try scene.validate(root.token).isValid)
    }

    @Test("an id to spare that is not a living session of the subject spares nothing")
    func exceptEnded() throws {
        var scene = Scene()
        let root = try scene.create()
        let child = try scene.child(of: root)
        _ = try scene.revoke(.session(child.id))
        #expect(try scene.revoke(.subject("alice", except: .session(child.id))) == [root.id])
    }

    @Test("an unknown id to spare spares nothing")
    func exceptUnknown() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(try scene.revoke(.subject("alice", except: .session(nil))) == [created.id])
    }

    @Test("tokens of other kinds revoke nothing")
    func otherKinds() throws {
        var scene = Scene()
        let created = try scene.create()
        let references = [created.access, scene.tokens.reference(created.refresh, as: .refresh), .malformed]
        for reference in references {
            #expect(scene.revokeOutcome(.token(reference)).rejection == .tokenInvalid)
        }
        #expect(try scene.validate(created.token).isValid)
    }

    @Test("a token that was replaced revokes nothing")
    func replacedToken() throws {
        var scene = Scene()
        let created = try scene.create()
        let elevated = try scene.elevate(created.token, methods: ["otp"]).issued()
        #expect(try scene.revoke(.token(reference(created.token))) == [])
        #expect(try scene.validate(elevated.token).isValid)
    }

    @Test("revoking an unknown subject ends nothing")
    func unknownSubject() throws {
        var scene = Scene()
        #expect(try scene.revoke(.subject("alice", except: nil)) == [])
        #expect(scene.wroteNothing)
    }

    @Test("no late command writes to a revoked session")
    func lateWrites() throws {
        var scene = Scene()
        let created = try scene.create()
        let ticket = try scene.beginTransfer(created.token).ticket()
        _ = try scene.revoke(.session(created.id))
        let revoked = scene.aggregate
        scene.pass(seconds: 120)
        _ = try scene.validate(created.token, context: ClientContext(country: "FR"))
        _ = try scene.validate(created.access)
        _ = scene.refresh(created.refresh)
        _ = scene.elevate(created.token, methods: ["otp"])
        _ = scene.reauthenticate(created.token)
        _ = scene.update(.session(created.id)) { $0.attributes = ["a": .integer(1)] }
        _ = scene.completeTransfer(ticket)
        _ = scene.lock(.session(created.id))
        _ = scene.unlock(.session(created.id))
        #expect(scene.aggregate == revoked)
    }

    @Test("a revoked session reports until when its access tokens must be denied")
    func accessTokensExpireAt() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 100)
        _ = try scene.refreshed(created.refresh)
        _ = try scene.revoke(.session(created.id))
        #expect(scene.events[0].session?.accessTokensExpireAt(after: scene.now) == scene.now.adding(seconds: 300))
    }
}
