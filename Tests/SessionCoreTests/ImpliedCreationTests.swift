import SessionCore
import Testing

@Suite("The entry of a session's creation in its activity log")
struct ImpliedCreationTests {
    private var scene = Scene()
    private let created: Issued
    /// The session as it began.
    private let first: Session

    init() throws {
        created = try scene.create {
            $0.device = Device(name: "Firefox")
            $0.context = ClientContext(ip: "192.0.2.1")
        }
        first = try #require(scene[created])
    }

    /// Whether the last command stored the entry, of the session as it began.
    private var isLoggedAsItBegan: Bool {
        guard let logged = scene.impliedCreations.first, scene.impliedCreations.count == 1 else { return false }
        return logged.id == first.id && logged.device == first.device && logged.context == first.context
            && logged.assurance == first.assurance
    }

    @Test("it is not stored while it follows from the session, however often that is used")
    mutating func implied() throws {
        #expect(first.isCreationImplied && scene.impliedCreations.isEmpty)
        scene.pass(seconds: 600)
        #expect(try scene.validate(created.token).isValid)
        #expect(scene[created]?.lastActiveAt == scene.now)
        #expect(scene[created]?.isCreationImplied == true && scene.impliedCreations.isEmpty)
    }

    @Test("it is stored once, before the next entry")
    mutating func another() throws {
        let refresh = try scene.refreshed(created.refresh)
        #expect(isLoggedAsItBegan)
        #expect(scene[created]?.isCreationImplied == false)
        _ = try scene.refreshed(refresh)
        #expect(scene.kinds == [.refreshed] && scene.impliedCreations.isEmpty)
    }

    @Test("it is stored with the assurance that the session began with")
    mutating func assurance() throws {
        #expect(scene.elevate(created.token, methods: ["otp"]).rejection == nil)
        #expect(isLoggedAsItBegan)
    }

    @Test("it is stored with the device that the session began with")
    mutating func device() throws {
        let target = SessionTarget.token(scene.tokens.reference(created.token))
        _ = try scene.update(target) { $0.device = Device(name: "Chrome") }.session()
        #expect(isLoggedAsItBegan)
    }

    @Test("it is stored with the context that the session began with, even if nothing announces the new one")
    mutating func context() throws {
        scene.pass(seconds: 600)
        #expect(try scene.validate(created.token, context: ClientContext(ip: "198.51.100.1")).isValid)
        #expect(scene.kinds == [] && isLoggedAsItBegan)
        #expect(scene[created]?.isCreationImplied == false)
    }

    @Test("it is stored when the session ends")
    mutating func end() throws {
        scene.pass(seconds: 86_400)
        _ = try scene.create()
        #expect(scene.kinds == [.expired, .created])
        #expect(isLoggedAsItBegan)
    }
}
