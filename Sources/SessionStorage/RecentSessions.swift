import SessionCore
import Synchronization

/// Caches recently opened sessions, each with the sealed bytes it came from.
///
/// Redis is still read every time. If it returns the same bytes as before, opening and parsing them would yield the
/// same session: a tenth of the cost of a validate. A user's requests come in bursts.
///
/// A table of fixed size in which every session has one place: keeping one costs the same whether or not the cache is
/// full. A session is kept when it is opened the second time in a row for its place. Where each session is read once,
/// that leaves the cache alone, and saves what keeping them would cost: a tenth of a validate as well.
final class RecentSessions: Sendable {
    /// A few megabytes at most.
    private static let capacity = 2048

    private struct Place {
        /// The hash of the session opened last.
        var last = 0
        var kept: Entry?
    }

    private final class Entry: Sendable {
        let sealed: [UInt8]
        let session: SharedSession

        init(sealed: [UInt8], session: SharedSession) {
            self.sealed = sealed
            self.session = session
        }
    }

    private let places = Mutex([Place](repeating: Place(), count: capacity))

    /// The session that these bytes decoded to when they were last opened for this place.
    func session(_ id: SessionID, sealed: [UInt8]) -> SharedSession? {
        let index = Self.hash(id) % Self.capacity
        guard let entry = places.withLock({ $0[index].kept }), entry.session.session.id == id, entry.sealed == sealed
        else { return nil }
        return entry.session
    }

    /// Keeps a session that was just opened, if it was the last to be opened for its place before as well.
    func keep(_ session: SharedSession, sealed: [UInt8]) {
        let hash = Self.hash(session.session.id)
        let index = hash % Self.capacity
        places.withLock { places in
            if places[index].last == hash {
                places[index].kept = Entry(sealed: sealed, session: session)
            } else {
                places[index].last = hash
            }
        }
    }

    /// Ids end in random characters, so a few of them spread sessions evenly.
    private static func hash(_ id: SessionID) -> Int {
        var hash = 1
        for byte in id.text.utf8.suffix(6) { hash = hash &* 61 &+ Int(byte) }
        return hash & .max
    }
}
