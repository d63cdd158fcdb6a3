import SessionCore
import Synchronization

/// Caches recently opened sessions, each with the sealed bytes it came from.
///
/// Redis is still read every time. If it returns the same bytes as before, opening and parsing them would yield the
/// same session: a tenth of the cost of a validate. A user's requests come in bursts.
///
/// A table of fixed size, so that keeping a session costs the same whether or not the cache is full. Each row has two
/// places, and belongs to the sessions whose ids have the same hash. A session is kept when it is opened for the second
/// time while at most one other session of its row is: where every session is read once, that leaves the cache alone
/// and saves what keeping them would cost, a tenth of a validate as well.
final class RecentSessions: Sendable {
    /// Twice as many sessions: a few megabytes at most.
    private static let rows = 1024

    private struct Row {
        /// The ids' hashes of the last two sessions that were opened, newest first.
        var opened = (0, 0)
        /// Newest first.
        var kept: (Entry?, Entry?)

        mutating func keep(_ session: Session, _ sealed: [UInt8], _ hash: Int) {
            guard opened.0 == hash || opened.1 == hash else {
                opened = (hash, opened.0)
                return
            }
            let entry = Entry(sealed: sealed, session: session)
            if kept.1?.session.id == session.id {
                kept.1 = entry
            } else if kept.0?.session.id == session.id {
                kept.0 = entry
            } else {
                kept = (entry, kept.0)
            }
        }
    }

    private final class Entry: Sendable {
        let sealed: [UInt8]
        let session: Session

        init(sealed: [UInt8], session: Session) {
            self.sealed = sealed
            self.session = session
        }

        func of(_ own: String, _ handle: SubjectHandle) -> Entry? {
            session.id.isMade(of: handle, own: own) ? self : nil
        }
    }

    private let table = Mutex([Row](repeating: Row(), count: rows))

    /// The session that these bytes decoded to when they were last opened.
    func session(own: String, of handle: SubjectHandle, sealed: [UInt8]) -> Session? {
        let index = Self.hash(own) % Self.rows
        let (first, second) = table.withLock { $0[index].kept }
        guard let entry = first?.of(own, handle) ?? second?.of(own, handle), entry.sealed == sealed else { return nil }
        return entry.session
    }

    /// Notes that a session was opened, and keeps it if it was opened recently before.
    func keep(_ session: Session, sealed: [UInt8]) {
        let hash = Self.hash(session.id.own)
        table.withLock { table in table[hash % Self.rows].keep(session, sealed, hash) }
    }

    /// Ids end in random characters, so a few of them spread sessions evenly.
    private static func hash(_ own: String) -> Int {
        var hash = 1
        for byte in own.utf8.suffix(6) { hash = hash &* 61 &+ Int(byte) }
        return hash & .max
    }
}
