import SessionCore
import Testing

@Suite("Refreshing sessions")
struct RefreshTests {
    @Test("a refresh rotates the refresh token, keeps the session token, and counts as activity")
    func rotates() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 100)
        let refreshed = try scene.refresh(created.refresh).issued()
        #expect(refreshed.session.generation == 2)
        #expect(refreshed.session.lastActiveAt == scene.now)
        #expect(refreshed.tokens.session == nil)
        #expect(refreshed.tokens.refresh != nil)
        #expect(refreshed.refresh != created.refresh)
        #expect(scene.events.map(\.kind) == [.refreshed])
        #expect(try scene.validate(created.token).reason == nil)
    }

    @Test("within the grace period the predecessor gets the same successor again, without an event")
    func grace() throws {
        var scene = Scene()
        let created = try scene.create()
        let successor = try scene.refreshed(created.refresh)
        scene.pass(seconds: 29)
        #expect(try scene.refreshed(created.refresh) == successor)
        #expect(scene.events.isEmpty)
        #expect(try scene.refreshed(successor) != successor)
    }

    @Test("after the grace period the predecessor's use ends the session in the same commit")
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

    @Test("a token older than the predecessor is a reuse, even within the grace period")
    func older() throws {
        var scene = Scene()
        let created = try scene.create()
        let second = try scene.refreshed(created.refresh)
        _ = try scene.refreshed(second)
        #expect(scene.refresh(created.refresh).rejection == .refreshTokenReused)
    }

    @Test("without a grace period the predecessor is a reuse at once")
    func noGrace() throws {
        var scene = Scene { $0.refreshGraceSeconds = 0 }
        let created = try scene.create()
        _ = try scene.refreshed(created.refresh)
        #expect(scene.refresh(created.refresh).rejection == .refreshTokenReused)
    }

    @Test("a refresh token expires before its session if the policy says so")
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
        let refreshed = try scene.refresh(created.refresh).issued()
        #expect(refreshed.tokens.refreshExpiresAt == refreshed.session.expiresAt)
    }

    @Test("an idle-expired session suggests re-authentication, and nothing after the window")
    func idleExpired() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1800)
        #expect(scene.refresh(created.refresh).rejection == .reauthenticationRequired)
        _ = scene.decide(ExpireSession(created.session.id))
        #expect(scene.refresh(created.refresh).rejection == .reauthenticationRequired)
        scene.pass(seconds: 3601)
        #expect(scene.refresh(created.refresh).rejection == .sessionEnded)
    }

    @Test("an unknown refresh token is invalid")
    func invalid() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(scene.refresh("nonsense").rejection == .tokenInvalid)
        #expect(scene.refresh(created.token).rejection == .tokenInvalid)
        scene.aggregate.sessions = [:]
        #expect(scene.refresh(created.refresh).rejection == .tokenInvalid)
    }

    @Test("two tabs that refresh at once get the same successor, and different access tokens")
    func twoTabs() throws {
        var scene = Scene()
        let created = try scene.create()
        let first = try scene.refresh(created.refresh).issued()
        let second = try scene.refresh(created.refresh).issued()
        #expect(first.refresh == second.refresh)
        #expect(first.tokens.refreshExpiresAt == second.tokens.refreshExpiresAt)
        #expect(first.tokens.accessClaims?.id != second.tokens.accessClaims?.id)
        #expect(second.session.generation == 2)
        for tab in [first, second] { #expect(try scene.validate(tab.access).isValid) }
    }

    @Test("two tabs in one commit get the same successor")
    func twoTabsInOneCommit() throws {
        var scene = Scene()
        let created = try scene.create()
        var transaction = scene.transaction(random: 99)
        let command = Command(
            tenant: "default",
            action: RefreshSession(refreshToken: scene.tokens.reference(created.refresh, as: .refresh)))
        let first = try scene.manager.decide(command, in: &transaction).issued()
        let second = try scene.manager.decide(command, in: &transaction).issued()
        #expect(first.refresh == second.refresh)
        #expect(transaction.events.map(\.kind) == [.refreshed])
    }

    @Test("a refresh within the grace period counts as activity")
    func graceIsActivity() throws {
        var scene = Scene()
        let created = try scene.create { $0.idleSeconds = 20 }
        _ = try scene.refreshed(created.refresh)
        scene.pass(seconds: 19)
        _ = try scene.refreshed(created.refresh)
        scene.pass(seconds: 10)
        #expect(try scene.validate(created.token).isValid, "active ten seconds ago, and may rest for twenty")
    }

    @Test("the access token that a refresh inside the grace gives is known of, though the refresh is no activity yet")
    func graceIsKnownOf() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = try scene.refreshed(created.refresh)
        scene.pass(seconds: 10)
        _ = try scene.refreshed(created.refresh)
        #expect(scene[created]?.lastActiveAt == scene.now.adding(seconds: -10))
        #expect(scene[created]?.accessTokensExpireAt(after: scene.now) == scene.now.adding(seconds: 300))
    }

    @Test("access tokens issued before a refresh stay valid until they expire")
    func accessTokens() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 100)
        let refreshed = try scene.refresh(created.refresh).issued()
        #expect(try scene.validate(created.access).isValid)
        #expect(try scene.validate(refreshed.access).isValid)
        scene.pass(seconds: 200)
        #expect(try scene.validate(created.access).reason == .tokenExpired)
        #expect(try scene.validate(refreshed.access).isValid)
        #expect(scene[created]?.accessTokensExpireAt(after: scene.now) == scene.now.adding(seconds: 100))
    }

    @Test("session.refreshed contains the session's new state")
    func announced() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = try scene.refreshed(created.refresh)
        #expect(scene.kinds == [.refreshed])
        #expect(scene.events[0].session?.generation == 2)
    }

    @Test("after a revocation a refresh is rejected, and nothing is written")
    func revoked() throws {
        var scene = Scene()
        let created = try scene.create()
        let successor = try scene.refreshed(created.refresh)
        _ = try scene.revoke(.session(created.id))
        for token in [created.refresh, successor] {
            #expect(scene.refresh(token).rejection == .sessionEnded)
            #expect(scene.wroteNothing)
        }
    }

    @Test("a token that was used before is not told of where its session was revoked before")
    func reusedAfterRevocation() throws {
        var scene = Scene { $0.refreshGraceSeconds = 0 }
        let created = try scene.create()
        _ = try scene.refreshed(created.refresh)
        _ = try scene.revoke(.session(created.id))
        #expect(scene.refresh(created.refresh).rejection == .sessionEnded)
        #expect(scene.wroteNothing)
    }

    @Test("a reuse is announced in addition to the end of the session")
    func reuseIsTold() throws {
        var scene = Scene { $0.refreshGraceSeconds = 0 }
        let created = try scene.create()
        _ = try scene.refreshed(created.refresh)
        _ = scene.refresh(created.refresh)
        #expect(scene.events.map(\.reason) == ["token_reused", "token_reused"])
        #expect(scene.events.allSatisfy { $0.session?.id == created.id })
        #expect(scene[created]?.ending?.reason == .tokenReused)
    }

    @Test("a predecessor from before an elevation has no grace period, and is not a reuse")
    func noGraceAfterElevation() throws {
        var scene = Scene()
        let created = try scene.create()
        let successor = try scene.refreshed(created.refresh)
        let elevated = try scene.elevate(created.token, methods: ["otp"]).issued()
        #expect(scene.refresh(successor).rejection == .tokenInvalid)
        #expect(scene.refresh(created.refresh).rejection == .tokenInvalid)
        #expect(try scene.validate(elevated.token).isValid)
    }

    @Test("a replaced token is distinguished from the current one even in a locked session")
    func lockedAndReplaced() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = try scene.elevate(created.token, methods: ["otp"]).issued()
        _ = scene.lock(.session(created.id))
        #expect(scene.refresh(created.refresh).rejection == .tokenInvalid)
    }

    @Test("a reused token ends a locked session too")
    func lockedAndReused() throws {
        var scene = Scene { $0.refreshGraceSeconds = 0 }
        let created = try scene.create()
        _ = try scene.refreshed(created.refresh)
        _ = scene.lock(.session(created.id))
        #expect(scene.refresh(created.refresh).rejection == .refreshTokenReused)
        #expect(scene.status(of: created) == .revoked)
    }

    @Test("a refresh token of another tenant is invalid")
    func otherTenant() throws {
        var scene = Scene()
        let created = try scene.create()
        let reference = scene.tokens.reference(created.refresh, as: .refresh)
        let outcome = scene.decide(RefreshSession(refreshToken: reference), tenant: "other")
        #expect(outcome.rejection == .tokenInvalid)
    }

    @Test("the claims reflect the moment: level, methods, caller")
    func claims() throws {
        var scene = Scene { $0.mfa.validSeconds = 60 }
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        let elevated = try scene.elevate(created.token, methods: ["otp"]).issued()
        #expect(elevated.tokens.accessClaims?.level == 2)
        scene.pass(seconds: 60)
        scene.caller = "shop"
        let claims = try scene.refresh(elevated.refresh).issued().tokens.accessClaims
        #expect(claims?.level == 1)
        #expect(claims?.methods == ["pwd"])
        #expect(claims?.clientID == "shop")
        #expect(claims?.generation == 3)
    }
}
