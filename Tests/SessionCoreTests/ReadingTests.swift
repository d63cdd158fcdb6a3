import SessionCore
import Testing

@Suite("Reading sessions")
struct ReadingTests {
    private func get(_ target: SessionTarget, _ scene: inout Scene, tenant: String = "default") -> Outcome {
        scene.decide(GetSession(target), tenant: tenant)
    }

    @Test("a session can be read by token and by id, which counts as no activity")
    func gets() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1000)
        #expect(try get(.session(created.id), &scene).session().id == created.id)
        let byToken = try get(.token(scene.tokens.reference(created.token)), &scene).session()
        #expect(byToken.lastActiveAt == created.session.createdAt)
        #expect(scene.wroteNothing)
    }

    @Test("an ended session shows when and why it ended")
    func ended() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = scene.decide(
            RevokeSessions(target: .session(created.id), reason: EndReason(callers: "logout") ?? .revoked))
        let session = try get(.session(created.id), &scene).session()
        #expect(session.status == .revoked)
        #expect(session.ending?.reason.word == "logout")
        #expect(session.ending?.at == scene.now)
    }

    @Test("a session whose deadline has passed is shown as expired, and nothing is written")
    func unsettled() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1900)
        let session = try get(.session(created.id), &scene).session()
        #expect(session.status == .expired)
        #expect(session.ending?.at == created.session.idleExpiresAt)
        #expect(scene.wroteNothing)
    }

    @Test("a forgotten session is not found")
    func forgotten() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = try scene.revoke(.session(created.id))
        scene.pass(seconds: 86400)
        #expect(get(.session(created.id), &scene).rejection == .sessionNotFound)
    }

    @Test("an unknown id is not found, and an unknown token is invalid")
    func unknown() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(get(.session(nil), &scene).rejection == .sessionNotFound)
        #expect(get(.session(created.id), &scene, tenant: "other").rejection == .sessionNotFound)
        #expect(get(.token(.malformed), &scene).rejection == .tokenInvalid)
        #expect(get(.token(created.access), &scene).rejection == .tokenInvalid)
        #expect(get(.token(scene.tokens.reference(created.refresh, as: .refresh)), &scene).rejection == .tokenInvalid)
    }

    @Test("a list contains each child after its parent, and siblings oldest first")
    func lists() throws {
        var scene = Scene()
        let first = try scene.create()
        scene.pass(seconds: 1)
        let second = try scene.create()
        scene.pass(seconds: 1)
        let child = try scene.child(of: first)
        scene.pass(seconds: 1)
        let younger = try scene.child(of: first)
        let grandchild = try scene.child(of: child)
        #expect(try scene.list() == [first.id, child.id, grandchild.id, younger.id, second.id])
        #expect(scene.wroteNothing)
    }

    @Test("ended sessions are listed on request")
    func listsEnded() throws {
        var scene = Scene()
        let living = try scene.create()
        scene.pass(seconds: 1)
        let ended = try scene.create()
        _ = try scene.revoke(.session(ended.id))
        #expect(try scene.list() == [living.id])
        #expect(try scene.list(includeEnded: true) == [living.id, ended.id])
        scene.pass(seconds: 1800)
        #expect(try scene.list() == [])
        #expect(scene.wroteNothing)
    }

    @Test("an unknown subject has no sessions")
    func listsNothing() throws {
        var scene = Scene()
        #expect(try scene.list() == [])
    }

    @Test("session.activity returns what was loaded, up to the requested number")
    func activity() throws {
        var scene = Scene()
        let created = try scene.create()
        let entries = (0..<60).map {
            ActivityEntry(at: scene.now, action: "session.refreshed", detail: ["n": .integer($0)])
        }
        scene.activity[created.id] = entries
        guard case .succeeded(.activity(let some)) = scene.decide(ReadActivity(session: created.id)) else {
            throw Unexpected()
        }
        #expect(some == Array(entries.prefix(50)))
        guard
            case .succeeded(.activity(let two)) = scene.decide(
                ReadActivity(session: created.id, limit: 2))
        else { throw Unexpected() }
        #expect(two == Array(entries.prefix(2)))
        #expect(scene.decide(ReadActivity(session: nil)).rejection == .sessionNotFound)
        let elsewhere = scene.decide(ReadActivity(session: created.id), tenant: "other")
        #expect(elsewhere.rejection == .sessionNotFound)
    }
}

@Suite("What is loaded for a command")
struct NeedTests {
    @Test("a validate needs only its session, and everything else the whole subject")
    func needs() throws {
        var scene = Scene()
        let created = try scene.create()
        func need(_ action: any SessionCommand) -> Need? {
            scene.manager.need(of: Command(tenant: "default", action: action))
        }
        let token = scene.tokens.reference(created.token)
        let validate = try #require(need(ValidateSession(token: token)))
        #expect(validate.scope == .sessions([created.id]))
        #expect(need(ValidateSession(token: created.access))?.scope == .sessions([created.id]))
        #expect(need(ValidateSession(token: .malformed)) == nil)
        #expect(need(RefreshSession(refreshToken: .malformed)) == nil)
        for action: any SessionCommand in [
            CreateSession(subject: "alice"), GetSession(.token(token)),
            LockSessions(target: .subject("alice")),
            RevokeSessions(target: .session(created.id)), ListFactors(subject: "alice"), ExpireSession(created.id),
        ] {
            let need = try #require(need(action))
            #expect(need.scope == .whole)
            #expect(need.handle == scene.aggregate.handle)
        }
        #expect(need(ReadActivity(session: created.id))?.activityOf == created.id)
        #expect(need(ListPolicies())?.handle == scene.manager.policiesHandle)
    }

    @Test("scopes are merged without duplicates, and the whole includes every part")
    func union() {
        let handle = PlainTokens().handle(tenant: "default", subject: "alice")
        let first = SessionID(handle: handle, own: "AAAAAAAAAAAA")
        let second = SessionID(handle: handle, own: "BBBBBBBBBBBB")
        #expect(AggregateScope.sessions([first]).union(.sessions([first, second])) == .sessions([first, second]))
        #expect(AggregateScope.sessions([first]).union(.whole) == .whole)
        #expect(AggregateScope.whole.union(.sessions([first])) == .whole)
    }
}
