import SessionCore
import Testing

@Suite("Several commands in one commit")
struct OneCommitTests {
    @Test("a session that begins is written, and its deadline set")
    func begins() throws {
        let scene = Scene()
        var transaction = scene.transaction()
        let create = Command(tenant: "default", action: CreateSession(subject: "alice"))
        let created = try scene.manager.decide(create, in: &transaction).issued()
        #expect(transaction.changed == [created.id])
        #expect(transaction.rescheduled == [created.id])
        #expect(transaction.isSubjectChanged, "with the number of its latest event")
    }

    @Test("a session that is forgotten is taken out of what is kept, and its deadline with it")
    func forgets() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = try scene.revoke(.session(created.id))
        scene.pass(seconds: 86400)
        var transaction = scene.transaction()
        let settle = Command(tenant: "default", action: CarryOutRevocations(among: scene.aggregate.handle))
        _ = try scene.manager.decide(settle, in: &transaction)
        #expect(transaction.aggregate.sessions.isEmpty)
        #expect(transaction.changed == [created.id])
        #expect(transaction.rescheduled == [created.id])
    }

    @Test("of those that are over by now the first to end is told first")
    func orderOfEnds() throws {
        var scene = Scene { $0.maxSessions = 0 }
        let created = try (0..<6).map { index in try scene.create { $0.idleSeconds = 60 - 10 * index } }
        scene.pass(seconds: 100)
        _ = scene.decide(CarryOutRevocations(among: scene.aggregate.handle))
        #expect(scene.events.map(\.session?.id) == created.reversed().map(\.id))
    }

    @Test("a child that has just begun ends with its parent")
    func childBetween() throws {
        var scene = Scene()
        let parent = try scene.create()
        var transaction = scene.transaction()
        let commands: [any SessionCommand] = [
            // What looks through all below the parent, before there is anything.
            ElevateSession(
                token: scene.tokens.reference(parent.token), proof: .authentication(Authentication(methods: ["otp"]))),
            CreateSession(subject: "alice", parent: .init(id: parent.id)),
            RevokeSessions(target: .session(parent.id)),
        ]
        for command in commands {
            let outcome = try scene.manager.decide(Command(tenant: "default", action: command), in: &transaction)
            #expect(outcome.rejection == nil)
        }
        #expect(transaction.aggregate.sessions.count == 2)
        #expect(transaction.aggregate.sessions.values.allSatisfy { $0.status == .revoked })
    }
}
