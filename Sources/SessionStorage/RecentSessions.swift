import SessionCore
import Synchronization

/// Caches recently opened sessions, each with the sealed bytes it came from.
///
/// Redis is still read every time. If it returns the same bytes as before, opening and parsing them would yield the
/// same session: a tenth of the cost of a validate. A user's requests come in bursts.
///
/// A table of fixed size in which every session has one place, and displaces whichever session was there: keeping one
/// costs the same whether or not the cache is full.
final class RecentSessions: Sendable {
    /// A few megabytes at most.
    private static let capacity = 2048

    private final class Entry: Sendable {
        let sealed: [UInt8]
        let session: SharedSession

        init(sealed: [UInt8], session: SharedSession) {
            self.sealed = sealed
            self.session = session
        }
    }

    private let entries = Mutex([Entry?](repeating: nil, count: capacity))

    /// The session that these bytes decoded to when they were last opened for this place.
    func session(_ id: SessionID, sealed: [UInt8]) -> SharedSession? {
        let place = Self.place(of: id)
        guard let entry = entries.withLock({ $0[place] }), entry.session.session.id == id, entry.sealed == sealed else {
            return nil
        }
        return entry.session
    }

    func keep(_ session: SharedSession, sealed: [UInt8]) {
        let place = Self.place(of: session.session.id)
        let entry = Entry(sealed: sealed, session: session)
        entries.withLock { $0[place] = entry }
    }

    /// Ids end in random characters, so a few of them spread sessions evenly.
    private static func place(of id: SessionID) -> Int {
        var hash = 0
        for byte in id.text.utf8.suffix(4) { hash = hash &* 61 &+ Int(byte) }
        return hash % capacity
    }
}
