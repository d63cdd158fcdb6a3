import Testing

@testable import SessionCore

@Suite("Places that onRisk remembers")
struct KnownPlacesTests {
    private func context(_ country: ExactText) -> ClientContext { ClientContext(country: country) }

    private func scene() -> Scene {
        Scene {
            $0.mfa.required = .onRisk
            $0.absoluteSeconds = 3600
            $0.endedSeconds = 60
            $0.reauthenticationWindowSeconds = 0
        }
    }

    /// Lets every session expire and be forgotten.
    private func forgetAll(_ scene: inout Scene) {
        scene.pass(seconds: 3600)
        for id in scene.aggregate.sessions.keys { _ = scene.decide(ExpireSession(id)) }
        scene.pass(seconds: 60)
        for id in scene.aggregate.sessions.keys { _ = scene.decide(ExpireSession(id)) }
        #expect(scene.aggregate.sessions.isEmpty)
    }

    @Test("a new country is still new after the sessions it is compared with are forgotten")
    func outlivesSessions() throws {
        var scene = scene()
        #expect(try scene.create { $0.context = context("DE") }.session.status == .active)
        #expect(try scene.create { $0.context = context("FR") }.session.status == .pending)
        forgetAll(&scene)
        #expect(try scene.create { $0.context = context("FR") }.challenge?.reason == .risk)
        #expect(try scene.create { $0.context = context("DE") }.session.status == .active)
    }

    @Test("a place where a session was active is known, and one where it stayed pending is not")
    func learned() throws {
        var scene = scene()
        let first = try scene.create { $0.context = context("DE") }
        #expect(try scene.validate(first.token, context: context("IT")).isValid)
        #expect(scene.aggregate.subject?.places?.countries == ["DE", "IT"])
        let pending = try scene.create { $0.context = context("ES") }
        _ = try scene.elevate(pending.token, methods: ["mfa"]).issued()
        _ = try scene.create { $0.context = context("FR") }
        forgetAll(&scene)
        for country in ["DE", "IT", "ES"] as [ExactText] {
            #expect(try scene.create { $0.context = context(country) }.session.status == .active)
        }
        #expect(try scene.create { $0.context = context("FR") }.session.status == .pending)
    }

    @Test("a validate from a new place loads the whole subject, and one from a known place does not")
    func scope() throws {
        var scene = scene()
        let created = try scene.create { $0.context = ClientContext(fingerprint: "f", country: "DE") }
        let contexts = [
            (context("DE"), false), (context("IT"), true), (ClientContext(fingerprint: "f"), false),
            (ClientContext(fingerprint: "g"), true), (ClientContext(ip: "192.0.2.1"), false),
        ]
        for (context, isNew) in contexts {
            var transaction = scene.narrowTransaction(for: created.id)
            let validate = ValidateSession(token: scene.tokens.reference(created.token), context: context)
            let command = Command(tenant: "default", action: validate)
            let isTooNarrow = (try? scene.manager.decide(command, in: &transaction)) == nil
            #expect(isTooNarrow == isNew)
        }
    }

    @Test("a session that goes on where it was writes nothing of its subject")
    func nothingNew() throws {
        var scene = scene()
        let created = try scene.create { $0.context = context("DE") }
        scene.pass(seconds: 60)
        var transaction = scene.transaction()
        let validate = ValidateSession(token: scene.tokens.reference(created.token), context: context("DE"))
        _ = try scene.manager.decide(Command(tenant: "default", action: validate), in: &transaction)
        #expect(transaction.changed == [created.id])
        #expect(!transaction.isSubjectChanged)
    }

    @Test("the last 32 places are remembered, and no more")
    func bounded() {
        var places = KnownPlaces()
        for number in 0..<100 {
            places.learn(ClientContext(fingerprint: ExactText("f\(number)"), country: "DE"))
            places.learn(ClientContext(fingerprint: "always"))
        }
        #expect(places.fingerprints.count == KnownPlaces.limit)
        #expect(places.fingerprints.last == "always")
        #expect(places.fingerprints.contains("f99"))
        #expect(!places.fingerprints.contains("f1"))
        #expect(places.countries == ["DE"])
        var other = KnownPlaces(countries: ["DE"])
        other.learn(ClientContext(country: "de\u{301}"))
        #expect(other.countries.count == 2)
    }

    @Test("sessions stored before places were remembered add their places when they are forgotten")
    func fromBefore() throws {
        var scene = scene()
        _ = try scene.create { $0.context = context("DE") }
        scene.aggregate.subject?.places = nil
        forgetAll(&scene)
        #expect(scene.aggregate.subject?.places == KnownPlaces(countries: ["DE"]))
    }

    @Test("under a policy without onRisk no places are remembered")
    func notWithout() throws {
        var scene = Scene()
        _ = try scene.create { $0.context = context("DE") }
        #expect(scene.aggregate.subject?.places == nil)
    }
}
