import SessionCore
import Testing

@Suite("The total size of a subject's sessions")
struct AggregateSizeTests {
    /// A subject with `count` sessions that have 16 KiB of attributes each.
    private func scene(sessions: Int) throws -> (Scene, Issued) {
        var scene = Scene { $0.maxSessions = 0 }
        let large: JSONObject = ["a": .string(String(repeating: "x", count: 16_000))]
        let created = try scene.create { $0.attributes = large }
        for number in 1..<sessions {
            let copy = Session(
                id: SessionID(handle: created.id.handle, own: "copy\(1_000_000 + number)X"), tenant: "default",
                subject: "alice", policy: "default", createdAt: scene.now, idleSeconds: 1800,
                expiresAt: created.session.expiresAt, actor: nil, status: .active,
                assurance: created.session.assurance, authenticatedAt: nil, device: nil, context: nil,
                attributes: large, lastActiveAt: scene.now, generation: 1, credentials: created.session.credentials)
            scene.aggregate.sessions[copy.id] = copy
        }
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
}
