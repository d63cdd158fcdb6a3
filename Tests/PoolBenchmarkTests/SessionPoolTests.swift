import Testing

@testable import PoolBenchmark

@Suite("Session pool")
struct SessionPoolTests {
    private func pool(of count: Int) -> SessionPool {
        var pool = SessionPool(capacity: 10)
        for number in 0..<count { pool.add(HeldSession(number: number, id: [], validateBody: [], refreshToken: [])) }
        return pool
    }

    private func take(_ use: MeasuredCommand.SessionUse, from pool: inout SessionPool) throws -> HeldSession {
        let session = pool.take(for: use)
        return try #require(session)
    }

    @Test("sessions are used in turn")
    func inTurn() {
        var pool = pool(of: 3)
        let numbers = (0..<6).map { _ in pool.take(for: .shared)?.number }
        #expect(numbers == [1, 2, 0, 1, 2, 0])
    }

    @Test("a session that is used exclusively is used by nobody else, and a used one is not used exclusively")
    func exclusive() throws {
        var pool = pool(of: 2)
        let exclusive = try take(.exclusive, from: &pool)
        let shared = try take(.shared, from: &pool)
        #expect(shared !== exclusive)
        #expect(pool.take(for: .shared) === shared)
        #expect(pool.take(for: .exclusive) == nil)
        pool.giveBack(exclusive)
        #expect(pool.take(for: .exclusive) === exclusive)
    }

    @Test("a removed session is not used again, and removing it twice removes no other")
    func removal() throws {
        var pool = pool(of: 3)
        let gone = try take(.exclusive, from: &pool)
        pool.remove(gone)
        pool.remove(gone)
        #expect(pool.count == 2)
        for _ in 0..<4 { #expect(pool.take(for: .shared) !== gone) }
    }

    @Test("no more sessions are kept than the capacity")
    func bounded() {
        #expect(pool(of: 12).count == 10)
    }
}
