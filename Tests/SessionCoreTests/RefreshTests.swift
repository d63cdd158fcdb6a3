import SessionCore
import Testing

@Suite("Refreshing")
struct RefreshTests {
    @Test("a refresh rotates the refresh token, leaves the session token, and is activity")
    func rotates() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 100)
        guard case .succeeded(.refreshed(let session, let tokens)) = scene.refresh(created.refresh) else {
            throw Unexpected()
        }
        #expect(session.generation == 2)
        #expect(session.lastActiveAt == scene.now)
        #expect(tokens.session == nil)
        #expect(tokens.refresh?.exposed != created.refresh)
        #expect(scene.events.map(\.kind) == [.refreshed])
        #expect(try scene.validate(created.token).reason == nil)
    }

    @Test("inside the grace the predecessor gets the same successor again, and nothing is announced")
    func grace() throws {
        var scene = Scene()
        let created = try scene.create()
        let successor = try scene.refreshed(created.refresh)
        scene.pass(seconds: 29)
        #expect(try scene.refreshed(created.refresh) == successor)
        #expect(scene.events.isEmpty)
        #expect(try scene.refreshed(successor) != successor)
    }

    @Test("after the grace the predecessor's use ends the session in the same commit")
    func reuse() throws {
        var scene = Scene()
        let created = try scene.create()
        let successor = try scene.refreshed(created.refresh)
        scene.pass(seconds: 30)
        #expect(scene.refresh(created.refresh).rejection == .refreshTokenReused)
        #expect(scene.events.map(\.kind) == [.tokenReused, .revoked])
        #expect(scene.events[1].reason == "token_reused")
        #expect(try scene.validate(created.token).reason == .revoked)
        #expect(scene.refresh(successor).rejection == .sessionEnded)
    }

    @Test("anything older than the predecessor is reuse, grace or not")
    func older() throws {
        var scene = Scene()
        let created = try scene.create()
        let second = try scene.refreshed(created.refresh)
        _ = try scene.refreshed(second)
        #expect(scene.refresh(created.refresh).rejection == .refreshTokenReused)
    }

    @Test("without grace the predecessor is reuse at once")
    func noGrace() throws {
        var scene = Scene { $0.refreshGraceSeconds = 0 }
        let created = try scene.create()
        _ = try scene.refreshed(created.refresh)
        #expect(scene.refresh(created.refresh).rejection == .refreshTokenReused)
    }

    @Test("a refresh token ends before its session where the policy says so")
    func expires() throws {
        var scene = Scene { $0.refreshSeconds = 60 }
        let created = try scene.create()
        scene.pass(seconds: 60)
        #expect(scene.refresh(created.refresh).rejection == .tokenExpired)
        #expect(try scene.validate(created.token).reason == nil)
    }

    @Test("no refresh token outlives its session")
    func capped() throws {
        var scene = Scene()
        let created = try scene.create { $0.absoluteSeconds = 100 }
        scene.pass(seconds: 50)
        guard case .succeeded(.refreshed(let session, let tokens)) = scene.refresh(created.refresh) else {
            throw Unexpected()
        }
        #expect(tokens.refreshExpiresAt == session.expiresAt)
    }

    @Test("an idle-expired session asks for re-authentication, and later for nothing")
    func idleExpired() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1800)
        #expect(scene.refresh(created.refresh).rejection == .reauthenticationRequired)
        _ = scene.decide(.expire(created.session.id))
        #expect(scene.refresh(created.refresh).rejection == .reauthenticationRequired)
        scene.pass(seconds: 3601)
        #expect(scene.refresh(created.refresh).rejection == .sessionEnded)
    }

    @Test("what is no refresh token of any session is invalid")
    func invalid() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(scene.refresh("nonsense").rejection == .tokenInvalid)
        #expect(scene.refresh(created.token).rejection == .tokenInvalid)
        scene.aggregate.sessions = [:]
        #expect(scene.refresh(created.refresh).rejection == .tokenInvalid)
    }
}
