import SessionCore
import Testing

@Suite("Updating sessions")
struct UpdateTests {
    private func target(_ issued: Issued) -> SessionTarget { .session(issued.id) }

    @Test("attributes are merged, and device and context are replaced")
    func updates() throws {
        var scene = Scene()
        let created = try scene.create {
            $0.attributes = ["a": .integer(1), "b": .integer(2)]
            $0.device = Device(id: "1", name: "Firefox")
            $0.context = ClientContext(ip: "192.0.2.1", country: "DE")
        }
        var session = try scene.update(target(created)) {
            $0.attributes = ["a": .null, "c": .integer(3)]
            $0.device = Device(name: "Chrome")
            $0.context = ClientContext(ip: "198.51.100.1")
        }.session()
        #expect(session.attributes == ["b": .integer(2), "c": .integer(3)])
        #expect(session.device == Device(name: "Chrome"))
        #expect(session.context == ClientContext(ip: "198.51.100.1"))
        #expect(scene.kinds == [.updated])
        // Its creation is logged, now that something else is.
        #expect(session.isCreationImplied && scene[created]?.isCreationImplied == false)
        session.isCreationImplied = false
        #expect(scene[created] == session)
    }

    @Test("a session can be updated by token, and its tokens stay the same")
    func byToken() throws {
        var scene = Scene()
        let created = try scene.create()
        let updated = try scene.update(.token(scene.tokens.reference(created.token))) {
            $0.attributes = ["a": .integer(1)]
        }.session()
        #expect(updated.generation == 1)
        #expect(try scene.validate(created.token).isValid)
        #expect(try scene.refresh(created.refresh).issued().id == created.id)
    }

    @Test("an empty update changes nothing, and is not an error")
    func nothing() throws {
        var scene = Scene()
        let created = try scene.create { $0.attributes = ["a": .integer(1)] }
        _ = try scene.update(target(created)) { _ in }.session()
        #expect(scene.wroteNothing)
        _ = try scene.update(target(created)) { $0.attributes = ["a": .integer(1), "b": .null] }.session()
        #expect(scene.wroteNothing)
    }

    @Test("an update counts as no activity")
    func noActivity() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1000)
        _ = try scene.update(target(created)) { $0.attributes = ["a": .integer(1)] }.session()
        #expect(scene[created]?.idleExpiresAt == created.session.idleExpiresAt)
    }

    @Test("a patch may let attributes grow up to the limit and no further")
    func limit() throws {
        var scene = Scene()
        let half = String(repeating: "x", count: 8000)
        let created = try scene.create { $0.attributes = ["a": .string(half)] }
        let grown = scene.update(target(created)) { $0.attributes = ["b": .string(half + half)] }
        #expect(grown.failure?.code == .invalidField)
        #expect(grown.failure?.path == "/attributes")
        #expect(scene[created]?.attributes == created.session.attributes)
        // {"a":"","b":""} takes 15 bytes.
        let rest = String(repeating: "x", count: 16384 - 15 - 8000)
        #expect(scene.update(target(created)) { $0.attributes = ["b": .string(rest)] }.failure == nil)
        #expect(scene[created]?.attributes.compactLength == 16384)
        #expect(scene.update(target(created)) { $0.attributes = ["b": .string(rest + "x")] }.failure != nil)
    }

    @Test("no context rule applies to an update by id: its context becomes the accepted one")
    func contextRules() throws {
        var scene = Scene { $0.context.country = .revoke }
        let created = try scene.create { $0.context = ClientContext(country: "DE") }
        _ = try scene.update(target(created)) { $0.context = ClientContext(country: "FR") }.session()
        #expect(scene.kinds == [.updated])
        #expect(try scene.validate(created.token, context: ClientContext(country: "FR")).isValid)
        #expect(try scene.validate(created.token, context: ClientContext(country: "DE")).reason == .revoked)
    }

    @Test("a place that comes with an update was seen then, and who leaves it out was seen nowhere")
    func places() throws {
        var scene = Scene()
        let created = try scene.create { $0.context = ClientContext(coordinates: .berlin) }
        scene.pass(seconds: 100)
        let there = try scene.update(target(created)) { $0.context = ClientContext(coordinates: .tokyo) }.session()
        #expect(there.placedAt == scene.now)
        let nowhere = try scene.update(target(created)) { $0.context = ClientContext(country: "JP") }.session()
        #expect(nowhere.placedAt == nil)
    }

    @Test("what was strange before a service's own word is told of again")
    func suspects() throws {
        var scene = Scene { $0.context.country = .elevate }
        let created = try scene.create { $0.context = ClientContext(country: "DE") }
        _ = try scene.validate(created.token, context: ClientContext(country: "FR"))
        _ = try scene.update(target(created)) { $0.context = ClientContext(country: "IT") }.session()
        #expect(try scene.validate(created.token, context: ClientContext(country: "FR")).reason == .contextMismatch)
        #expect(scene.kinds == [.suspicious])
    }

    @Test("a pending session is updated by its id, not by its token, and stays pending")
    func pending() throws {
        var scene = Scene { $0.mfa.required = .always }
        let created = try scene.create()
        let byToken = scene.update(.token(scene.tokens.reference(created.token))) { $0.attributes = ["a": .integer(1)] }
        #expect(byToken.rejection == .sessionPending)
        let updated = try scene.update(target(created)) { $0.attributes = ["a": .integer(1)] }.session()
        #expect(updated.status == .pending)
        #expect(updated.pendingUntil == created.session.pendingUntil)
    }

    @Test("a locked session is updated by its id, not by its token")
    func locked() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = scene.lock(.session(created.id))
        let byToken = scene.update(.token(scene.tokens.reference(created.token))) { $0.attributes = ["a": .null] }
        #expect(byToken.rejection == .sessionLocked)
        let byID = try scene.update(target(created)) { $0.attributes = ["a": .integer(1)] }.session()
        #expect(byID.status == .locked)
    }

    @Test("an ended session cannot be updated")
    func ended() throws {
        var scene = Scene()
        let created = try scene.create()
        let idle = try scene.create()
        _ = try scene.revoke(.session(created.id))
        #expect(scene.update(target(created)) { $0.attributes = ["a": .integer(1)] }.rejection == .sessionEnded)
        scene.pass(seconds: 1800)
        #expect(
            scene.update(target(idle)) { $0.attributes = ["a": .integer(1)] }.rejection == .reauthenticationRequired)
    }

    @Test("an unknown id is not found, and an unknown token is invalid")
    func unknown() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(scene.update(.session(nil)) { _ in }.rejection == .sessionNotFound)
        #expect(scene.update(.token(.malformed)) { _ in }.rejection == .tokenInvalid)
        let elsewhere = scene.decide(UpdateSession(target: target(created)), tenant: "other")
        #expect(elsewhere.rejection == .sessionNotFound)
    }
}
