import SojournClient
import SojournTesting
import Testing

@Suite("Sojourn in memory", .timeLimit(.minutes(1)))
struct InMemorySojournTests {
    @Test("sessions begin, are valid, are refreshed, and end, with their events")
    func sessions() async throws {
        let sojourn = try await InMemorySojourn()
        let events = try await sojourn.events()
        let created = try await sojourn.createSession(subject: "alice", device: Device(name: "Firefox"))
        #expect(try await sojourn.validate(created.tokens.session).session?.device?.name == "Firefox")
        #expect(try await sojourn.validate(#require(created.tokens.access)).session?.id == created.session.id)
        _ = try await sojourn.refresh(#require(created.tokens.refresh))
        _ = try await sojourn.revoke(.subject("alice"), reason: "logout")
        #expect(try await sojourn.validate(created.tokens.session).session == nil)
        var types: [EventType] = []
        for try await event in events {
            types.append(event.type)
            #expect(event.missed == (types.count == 1 ? nil : 0))
            if event.type == .sessionRevoked { break }
        }
        #expect(types == [.sessionCreated, .sessionRefreshed, .sessionRevoked])
    }

    @Test("time passes when the test says so")
    func time() async throws {
        let sojourn = try await InMemorySojourn()
        let events = try await sojourn.events(.temporary(), matching: "session.expired")
        let created = try await sojourn.createSession(subject: "alice")
        try await sojourn.advance(by: .seconds(1799))
        #expect(try await sojourn.validate(created.tokens.session, touch: false).session != nil)
        try await sojourn.advance(by: .seconds(2))
        #expect(try await sojourn.validate(created.tokens.session).session == nil)
        let event = try await events.makeAsyncIterator().next()
        #expect(event?.sessionID == created.session.id && event?.reason == "expired_idle")
    }

    @Test("policies hold: those it was given, and those that are put")
    func policies() async throws {
        var strict = Policy()
        strict.maxSessions = 1
        strict.onLimit = .reject
        let sojourn = try await InMemorySojourn(policies: ["strict": strict])
        _ = try await sojourn.createSession(subject: "alice", policy: "strict")
        let error = await #expect(throws: SojournError.self) {
            try await sojourn.createSession(subject: "alice", policy: "strict")
        }
        #expect(error?.code == .limitReached)
        strict.maxSessions = 2
        try await sojourn.putPolicy(strict, named: "strict")
        _ = try await sojourn.createSession(subject: "alice", policy: "strict")
        strict.idleSeconds = 0
        let refused = await #expect(throws: SojournError.self) { try await InMemorySojourn(policies: ["x": strict]) }
        #expect(refused?.code == .invalidField && refused?.path == "/x/idleSeconds")
    }

    @Test("a revocation of everything ends what it should, with an event for each")
    func everything() async throws {
        let sojourn = try await InMemorySojourn()
        for number in 0..<3 { _ = try await sojourn.createSession(subject: "subject-\(number)") }
        let events = try await sojourn.events(.durable("mine"), matching: "session.revoked")
        #expect(try await sojourn.revoke(.everything(), reason: "breach").pending == true)
        var subjects: Set<String> = []
        for try await event in events {
            subjects.insert(event.subject)
            if subjects.count == 3 { break }
        }
        #expect(subjects == ["subject-0", "subject-1", "subject-2"])
    }

    @Test("a durable queue keeps what nobody has read, and what was not done with")
    func durable() async throws {
        struct Failure: Error {}
        let sojourn = try await InMemorySojourn()
        let queue = EventQueue.durable("mine")
        await #expect(throws: Failure.self) {
            let events = try await sojourn.events(queue)
            _ = try await sojourn.createSession(subject: "alice")
            for try await _ in events { throw Failure() }
        }
        _ = try await sojourn.createSession(subject: "alice")
        let iterator = try await sojourn.events(queue).makeAsyncIterator()
        #expect(try await iterator.next()?.sequence == 1)
        #expect(try await iterator.next()?.sequence == 2)
    }

    @Test("asking for the next event acknowledges the one before, also if there is none and the task is cancelled")
    func acknowledgement() async throws {
        let sojourn = try await InMemorySojourn()
        let queue = EventQueue.durable("mine")
        let reader = Task {
            let iterator = try await sojourn.events(queue).makeAsyncIterator()
            _ = try await sojourn.createSession(subject: "alice")
            #expect(try await iterator.next()?.sequence == 1)
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try await iterator.next()
        }
        await #expect(throws: CancellationError.self) { try await reader.value }
        let iterator = try await sojourn.events(queue).makeAsyncIterator()
        _ = try await sojourn.createSession(subject: "alice")
        #expect(try await iterator.next()?.sequence == 2)
    }

    @Test("many tasks at once; the same id takes effect once")
    func concurrency() async throws {
        let sojourn = try await InMemorySojourn()
        let events = try await sojourn.events()
        let begun = try await withThrowingTaskGroup { group in
            for number in 0..<100 {
                group.addTask {
                    try await sojourn.createSession(subject: "alice", options: CommandOptions(id: "\(number / 2)"))
                        .session.id
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(begun.count == 50)
        var last: UInt64 = 0
        for try await event in events {
            #expect(event.sequence == last + 1)
            last = event.sequence
            // 50 begin, and all but the last five are evicted.
            if last == 95 { break }
        }
        #expect(try await sojourn.sessions(of: "alice").sessions.count == 5)
    }

    @Test("it fails when it should; cancelled, nothing is sent")
    func failures() async throws {
        let sojourn = try await InMemorySojourn()
        await sojourn.fail(with: SojournError(.notConnected, "the broker is away"))
        let error = await #expect(throws: SojournError.self) { try await sojourn.createSession(subject: "alice") }
        #expect(error?.code == .notConnected)
        await sojourn.fail(with: nil)
        let cancelled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await sojourn.createSession(subject: "alice")
        }
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(try await sojourn.sessions(of: "alice").sessions.isEmpty)
        let events = try await sojourn.events()
        let waiting = Task { try await events.makeAsyncIterator().next() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }
}
