import Testing

@testable import SessionCore

@Suite("The total size of a subject's sessions")
struct AggregateSizeTests {
    /// A subject with `count` sessions that have 16 KiB of attributes each.
    private func scene(sessions: Int) throws -> (Scene, Issued) {
        var scene = Scene { $0.maxSessions = 0 }
        // A number, since the length of a text takes a second to work out when there is so much of it.
        let created = try scene.create { $0.attributes = ["a": .decimal(String(repeating: "7", count: 16_000))] }
        scene.add(sessions - 1, like: created.session)
        return (scene, created)
    }

    @Test("up to 8 MiB everything is allowed")
    func below() throws {
        var (scene, created) = try scene(sessions: 500)
        #expect(scene.createOutcome().rejection == nil)
        #expect(scene.update(.session(created.id)) { $0.attributes = ["b": .integer(1)] }.rejection == nil)
    }

    @Test("beyond the bound no session begins or grows, and every session can end")
    func beyond() throws {
        var (scene, created) = try scene(sessions: 520)
        #expect(scene.createOutcome().rejection == .limitReached)
        #expect(scene.wroteNothing)
        #expect(scene.update(.session(created.id)) { $0.attributes = ["b": .integer(1)] }.rejection == .limitReached)
        let ticket = try scene.beginTransfer(created.token).ticket()
        #expect(scene.completeTransfer(ticket).rejection == .limitReached)
        #expect(try scene.validate(created.token).isValid)
        #expect(try scene.revoke(.subject("alice", except: nil)).count == 520)
    }

    // MARK: What is counted

    /// 511 sessions of 16 KiB each, and beside them one that takes exactly the last 16 KiB.
    private func full(_ change: (inout CreateSession) -> Void = { _ in }) throws -> (SubjectTransaction, Session) {
        var scene = Scene { $0.maxSessions = 0 }
        let created = try scene.create { create in
            change(&create)
            create.attributes = Self.attributes(bytes: 16_384 - 512 - "alice".utf8.count)
        }
        scene.add(511, like: created.session)
        return (scene.transaction(), created.session)
    }

    /// So long as compact JSON.
    private static func attributes(bytes: Int) -> JSONObject {
        ["a": .decimal(String(repeating: "7", count: bytes - #"{"a":}"#.utf8.count))]
    }

    @Test("8 MiB are told to the byte, a record being 512 bytes beside its attributes and texts")
    func exactly() throws {
        var (transaction, session) = try full()
        #expect(transaction.hasRoom(for: session), "its own record as it was does not count")
        session.attributes = Self.attributes(bytes: session.attributes.compactLength + 1)
        #expect(!transaction.hasRoom(for: session))
        let stop = #expect(throws: Stop.self) { try transaction.requireRoom(for: session) }
        guard case .rejected(let rejection) = stop else { throw Unexpected() }
        #expect(rejection.code == .limitReached)
        #expect(rejection.message.contains("8 MiB"))
    }

    struct Part: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var bytes = 1
        let add: @Sendable (inout Session) -> Void
    }

    @Test(
        "every text that a record has counts, and every step of its line",
        arguments: [
            Part(testDescription: "device id") { $0.device = Device(id: "x") },
            Part(testDescription: "device name") { $0.device = Device(name: "x") },
            Part(testDescription: "platform") { $0.device = Device(platform: "x") },
            Part(testDescription: "device fingerprint", bytes: 2) { $0.device = Device(fingerprint: "é") },
            Part(testDescription: "user agent") { $0.context = ClientContext(userAgent: "x") },
            Part(testDescription: "fingerprint") { $0.context = ClientContext(fingerprint: "x") },
            Part(testDescription: "region") { $0.context = ClientContext(region: "x") },
            Part(testDescription: "city") { $0.context = ClientContext(city: "x") },
            Part(testDescription: "context of a lock") {
                $0.lock = SessionLock(context: ClientContext(userAgent: "x"))
            },
            Part(testDescription: "suspects", bytes: 2) {
                $0.suspects = [ClientContext(userAgent: "x"), ClientContext(city: "x")]
            },
            Part(testDescription: "line", bytes: 42) {
                $0.line = Array(repeating: .init(createdAt: $0.createdAt, own: $0.id.own), count: 2)
            },
        ])
    func parts(part: Part) throws {
        let (transaction, session) = try full()
        for (less, hasRoom) in [(part.bytes - 1, false), (part.bytes, true)] {
            var changed = session
            part.add(&changed)
            changed.attributes = Self.attributes(bytes: session.attributes.compactLength - less)
            #expect(transaction.hasRoom(for: changed) == hasRoom)
        }
    }

    @Test("an actor counts")
    func actor() throws {
        var (transaction, session) = try full { $0.actor = "x" }
        #expect(!transaction.hasRoom(for: session))
        // Of 512 records.
        session.attributes = Self.attributes(bytes: session.attributes.compactLength - 512)
        #expect(transaction.hasRoom(for: session))
    }
}
