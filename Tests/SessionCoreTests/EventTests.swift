import SessionCore
import Testing

@Suite("Events")
struct EventTests {
    @Test("events are numbered 1, 2, … without gaps, whatever happens to the subject")
    func sequence() throws {
        var scene = Scene { $0.maxSessions = 1 }
        var numbers: [Int64] = []
        let created = try scene.create()
        numbers += scene.events.map(\.sequence)
        _ = try scene.refreshed(created.refresh)
        numbers += scene.events.map(\.sequence)
        _ = scene.refresh("nonsense")
        _ = try scene.create()
        numbers += scene.events.map(\.sequence)
        _ = scene.disable()
        numbers += scene.events.map(\.sequence)
        #expect(numbers == Array(1...7))
        #expect(scene.aggregate.subject?.lastSequence == 7)
    }

    @Test("each event has a unique id, and the time, tenant, subject and trace context of its command")
    func envelope() throws {
        var scene = Scene()
        _ = scene.decide(
            CreateSession(subject: "alice"),
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        let first = try #require(scene.events.first)
        #expect(first.id.hasPrefix("evt_") && first.id.utf8.count == 28)
        #expect(first.at == scene.now)
        #expect(first.tenant == "default" && first.subject == "alice")
        #expect(first.handle == scene.aggregate.handle)
        #expect(first.traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        _ = try scene.create()
        #expect(scene.events[0].id != first.id)
        #expect(scene.events[0].traceparent == nil)
    }

    @Test("several commands in one commit each keep their trace context, caller and position")
    func batch() throws {
        let scene = Scene()
        var transaction = scene.transaction()
        for caller in ["a", "b"] {
            let command = Command(
                tenant: "default", action: CreateSession(subject: "alice"), caller: caller,
                traceparent: "trace \(caller)")
            let created = try scene.manager.decide(command, in: &transaction).issued()
            #expect(created.tokens.accessClaims?.clientID == caller)
        }
        #expect(transaction.events.map(\.traceparent) == ["trace a", "trace b"])
        #expect(transaction.events.map(\.sequence) == [1, 2])
    }

    @Test("a refused command does not affect other commands in the same commit")
    func refusedInBatch() throws {
        let scene = Scene()
        var transaction = scene.transaction()
        _ = try scene.manager.decide(
            Command(tenant: "default", action: CreateSession(subject: "alice")), in: &transaction)
        let before = transaction
        for action: any SessionCommand in [
            CreateSession(subject: "alice", policy: "none"), GetSession(.session(nil)),
            CreateSession(subject: "alice", idleSeconds: 99999),
        ] {
            _ = try scene.manager.decide(Command(tenant: "default", action: action), in: &transaction)
        }
        #expect(transaction.aggregate == before.aggregate)
        #expect(transaction.events == before.events)
        #expect(transaction.changed == before.changed)
        #expect(transaction.rescheduled == before.rescheduled)
    }

    @Test("an expired command is answered as expired, and does not affect the commit")
    func tooLate() throws {
        let scene = Scene()
        var transaction = scene.transaction()
        let command = Command(
            tenant: "default", action: CreateSession(subject: "alice"), deadline: scene.now.adding(seconds: -1)
        )
        let outcome = try scene.manager.decide(command, in: &transaction)
        #expect(outcome.failure?.code == .commandExpired)
        #expect(transaction.isEmpty)
    }

    @Test("every event type of the contract is published by some command")
    func everyKind() throws {
        var scene = Scene {
            $0.maxSessions = 3
            $0.context.country = .notify
            $0.context.asn = .elevate
            $0.refreshGraceSeconds = 0
        }
        var kinds: Set<Event.Kind> = []
        func seen() { kinds.formUnion(scene.kinds) }
        let (factor, _) = try scene.enrolled()
        seen()
        var session = try scene.create { $0.context = ClientContext(country: "DE", asn: 1) }
        seen()
        _ = try scene.validate(session.token, context: ClientContext(country: "FR"))
        seen()
        _ = try scene.validate(session.token, context: ClientContext(asn: 2))
        seen()
        _ = scene.elevate(session.token, code: Secret("wrong"))
        seen()
        session = try scene.elevate(session.token, code: scene.code(of: factor)).issued()
        seen()
        session = try scene.reauthenticate(session.token).issued()
        seen()
        _ = scene.update(.session(session.id)) { $0.attributes = ["a": .integer(1)] }
        seen()
        _ = scene.lock(.session(session.id))
        seen()
        _ = scene.unlock(.session(session.id))
        seen()
        let ticket = try scene.beginTransfer(session.token).ticket()
        session = try scene.completeTransfer(ticket).issued()
        seen()
        _ = try scene.refreshed(session.refresh)
        seen()
        _ = scene.refresh(session.refresh)
        seen()
        for _ in 0..<4 {
            _ = try scene.create()
            seen()
        }
        scene.pass(seconds: 1800)
        _ = scene.disable()
        seen()
        _ = scene.enable()
        seen()
        _ = scene.decide(RemoveFactor(subject: "alice", factorID: factor.id))
        seen()
        #expect(kinds == Set(Event.Kind.allCases))
    }
}
