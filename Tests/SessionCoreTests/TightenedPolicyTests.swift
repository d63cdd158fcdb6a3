import Testing

@testable import SessionCore

@Suite("Policies made stricter")
struct TightenedPolicyTests {
    private func policy(_ change: (inout SessionPolicy) -> Void) -> PolicyCatalogue {
        var policy = SessionPolicy()
        change(&policy)
        return PolicyCatalogue(["default": policy])
    }

    @Test("a shorter idle lifetime applies to living sessions, from their last activity")
    func idle() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 600)
        scene.policies = policy { $0.idleSeconds = 700 }
        let session = try #require(try scene.validate(created.token).session)
        #expect(session.idleExpiresAt == scene.now.adding(seconds: 700))
        scene.pass(seconds: 700)
        #expect(try scene.validate(created.token).reason == .expiredIdle)
        #expect(scene.refresh(created.refresh).rejection == .reauthenticationRequired)
        #expect(scene.status(of: created) == .active, "a refusal changes nothing")
        scene.reap(created)
        #expect(scene.kinds == [.expired])
    }

    @Test("a shorter absolute lifetime applies from creation, and a session that it ends ended when last used")
    func absolute() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1200)
        #expect(try scene.validate(created.token).isValid)
        scene.pass(seconds: 100)
        scene.policies = policy {
            $0.absoluteSeconds = 1000; $0.idleSeconds = 1000
        }
        let validation = try scene.validate(created.token)
        #expect(validation.reason == .expiredAbsolute)
        #expect(validation.session?.ending?.at == scene.now.adding(seconds: -100))
        scene.reap(created)
        #expect(scene.kinds == [.expired])
        #expect(scene.events.first?.reason == "expired_absolute")
    }

    @Test("a stricter policy shortens new tokens, and a looser one lengthens nothing")
    func results() throws {
        var scene = Scene()
        let created = try scene.create()
        let given = created.session.expiresAt
        scene.policies = policy { $0.absoluteSeconds = 3600 }
        let issued = try scene.refresh(created.refresh).issued()
        #expect(issued.session.expiresAt == created.session.createdAt.adding(seconds: 3600))
        #expect(issued.tokens.refreshExpiresAt == issued.session.expiresAt)
        let rotated = try scene.refresh(issued.refresh).issued()
        scene.policies = policy { $0.absoluteSeconds = 1800 }
        let again = try scene.refresh(issued.refresh).issued()
        #expect(again.refresh == rotated.refresh, "the same once more")
        #expect(again.tokens.refreshExpiresAt == created.session.createdAt.adding(seconds: 1800))
        scene.policies = policy {
            $0.absoluteSeconds = 200; $0.idleSeconds = 200
        }
        let claims = try scene.refresh(rotated.refresh).issued().tokens.accessClaims
        #expect(claims?.expiresAt == created.session.createdAt.adding(seconds: 200))
        scene.policies = policy {
            $0.absoluteSeconds = 90000; $0.idleSeconds = 90000
        }
        let session = try #require(try scene.validate(created.token).session)
        #expect(session.expiresAt == given)
        #expect(session.idleExpiresAt == scene.now.adding(seconds: 1800))
    }

    @Test("a validate detects a deadline of a stricter policy, and then corrects the index")
    func narrow() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 300)
        scene.policies = policy { $0.idleSeconds = 200 }
        var transaction = scene.narrowTransaction(for: created.id)
        let validate = ValidateSession(token: scene.tokens.reference(created.token))
        let outcome = try scene.manager.decide(
            Command(tenant: "default", action: validate), in: &transaction)
        #expect(try outcome.validation().reason == .expiredIdle)
        #expect(transaction.rescheduled == [created.id])
        #expect(transaction.changed.isEmpty)
        #expect(
            transaction.aggregate.sessions[created.id]?.nextDeadline == created.session.createdAt.adding(seconds: 200))
    }

    @Test("a stricter policy of the parent also limits its children")
    func children() throws {
        var scene = Scene("short") { _ in }
        let parent = try scene.create { $0.policy = "short" }
        let child = try scene.child(of: parent)
        var short = SessionPolicy()
        short.absoluteSeconds = 600
        short.idleSeconds = 600
        scene.policies = PolicyCatalogue(["short": short])
        let session = try #require(try scene.validate(child.token).session)
        #expect(session.expiresAt == parent.session.createdAt.adding(seconds: 600))
        scene.pass(seconds: 600)
        #expect(try scene.validate(child.token).isValid == false)
    }

    @Test("caps a child by its parent's end where a policy caps the child itself less")
    func childrenCappedLess() throws {
        var scene = Scene()
        var policies = [ExactText: SessionPolicy]()
        for name in ["short", "middle"] as [ExactText] { policies[name] = SessionPolicy() }
        scene.policies = PolicyCatalogue(policies)
        let parent = try scene.create { $0.policy = "short" }
        let child = try scene.child(of: parent) { $0.policy = "middle" }
        policies["short"]?.absoluteSeconds = 600
        policies["middle"]?.absoluteSeconds = 1200
        scene.policies = PolicyCatalogue(policies)
        let session = try #require(try scene.validate(child.token).session)
        #expect(session.expiresAt == parent.session.createdAt.adding(seconds: 600))
    }

    @Test("holds for one that idled out, which does not come back beyond it")
    func idledOut() throws {
        for (seconds, comesBack) in [(1901, true), (1900, false)] {
            var scene = Scene()
            let created = try scene.create()
            scene.pass(seconds: 1800)
            scene.reap(created)
            scene.pass(seconds: 100)
            scene.policies = policy { $0.absoluteSeconds = seconds }
            #expect((scene.reauthenticate(created.token).rejection == nil) == comesBack)
        }
    }

    @Test("is no part of what is stored of a session")
    func uncapped() throws {
        var scene = Scene()
        let created = try scene.create()
        var strict = SessionPolicy()
        strict.idleSeconds = 60
        let capped = created.session.capped(by: strict)
        #expect(capped.idleSeconds == 60)
        #expect(capped.uncapped == created.session)
    }

    @Test("a stricter policy takes nothing for good: once it is loosened, surviving sessions have their full lifetime")
    func notStored() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.policies = policy { $0.idleSeconds = 60 }
        scene.pass(seconds: 50)
        #expect(try scene.validate(created.token).isValid)
        scene.policies = policy { _ in }
        scene.pass(seconds: 1000)
        #expect(try scene.validate(created.token).isValid)
    }

    @Test("a policy that starts to require a second factor only affects new sessions")
    func secondFactor() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.policies = policy { $0.mfa.required = .always }
        #expect(try scene.validate(created.token).isValid)
        #expect(try scene.create().session.status == .pending)
    }

    @Test("sessions of a removed policy follow default")
    func removed() throws {
        var scene = Scene("long") { $0.idleSeconds = 7200 }
        let created = try scene.create { $0.policy = "long" }
        scene.policies = policy { $0.idleSeconds = 100 }
        scene.pass(seconds: 100)
        #expect(try scene.validate(created.token).reason == .expiredIdle)
    }
}
