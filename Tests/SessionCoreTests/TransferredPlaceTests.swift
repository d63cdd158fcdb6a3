import Testing

@testable import SessionCore

@Suite("The place of a session that was transferred")
struct TransferredPlaceTests {
    private let home = ClientContext(
        ip: "192.0.2.1", userAgent: "a", fingerprint: "f", country: "DE", region: "BE", city: "Berlin",
        coordinates: .berlin, asn: 1)

    private func scene(
        _ rule: WritableKeyPath<SessionPolicy.ContextRules, SessionPolicy.ContextRules.Reaction>
    ) -> Scene {
        Scene { $0.context[keyPath: rule] = .notify }
    }

    /// The session after a transfer a minute later.
    private func transferred(
        _ context: ClientContext?, after first: ClientContext?, in scene: inout Scene
    ) throws -> Session {
        let created = try scene.create { $0.context = first }
        scene.pass(seconds: 60)
        let ticket = try scene.beginTransfer(created.token).ticket()
        return try scene.completeTransfer(ticket, context: context).issued().session
    }

    @Test("where a rule looks at the place, the one that was accepted stays if no other is brought", arguments: 0..<3)
    func stays(index: Int) throws {
        var scene = scene([\.country, \.asn, \.travel][index])
        let there = ClientContext(country: "DE", region: "BE", city: "Berlin", coordinates: .berlin, asn: 1)
        let begin = scene.now
        let moved = try transferred(nil, after: home, in: &scene)
        #expect(moved.context == there)
        #expect(moved.placedAt == begin, "when it was seen there")
        let said = try transferred(ClientContext(ip: "192.0.2.2"), after: home, in: &scene)
        #expect(said.context == ClientContext(ip: "192.0.2.2").over(there))
    }

    @Test("where none does, it begins with what was brought", arguments: 0..<4)
    func begins(index: Int) throws {
        var scene = scene([\.ip, \.network, \.userAgent, \.fingerprint][index])
        #expect(try transferred(nil, after: home, in: &scene).context == nil)
        let without = try transferred(ClientContext(country: "FR"), after: home, in: &scene)
        #expect(without.context == ClientContext(country: "FR"))
        #expect(without.placedAt == nil)
        let with = try transferred(ClientContext(coordinates: .tokyo), after: home, in: &scene)
        #expect(with.context == ClientContext(coordinates: .tokyo))
        #expect(with.placedAt == scene.now)
    }

    @Test("a place that is brought was seen now, and one that nobody knows was never seen")
    func seen() throws {
        var scene = scene(\.country)
        let brought = try transferred(ClientContext(coordinates: .berlin), after: home, in: &scene)
        #expect(brought.placedAt == scene.now)
        #expect(brought.context?.country == "DE")
        let unknown = try transferred(nil, after: ClientContext(country: "DE"), in: &scene)
        #expect(unknown.context == ClientContext(country: "DE"))
        #expect(unknown.placedAt == nil)
        let nowhere = try transferred(nil, after: ClientContext(ip: "192.0.2.1"), in: &scene)
        #expect(nowhere.context == nil)
    }

    @Test("how long ago it was seen counts from then on too")
    func travel() throws {
        var scene = Scene {
            $0.context.travel = .elevate
            $0.idleSeconds = 43200
        }
        let created = try scene.create { $0.context = ClientContext(coordinates: .berlin) }
        scene.pass(seconds: 9 * 3600)
        let ticket = try scene.beginTransfer(created.token).ticket()
        let moved = try scene.completeTransfer(ticket).issued()
        scene.pass(seconds: 3600)
        #expect(try scene.validate(moved.token, context: ClientContext(coordinates: .tokyo)).isValid)
    }
}
