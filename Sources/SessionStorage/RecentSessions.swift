import SessionCore
import Synchronization

/// Caches recently opened sessions, each with the sealed bytes it came from.
///
/// Redis is still read every time. If it returns the same bytes as before, opening and parsing them would yield the
/// same session: a tenth of the cost of a validate. A user's requests come in bursts.
final class RecentSessions: Sendable {
    /// A few megabytes at most. A full cache is emptied; sessions in use return to it at once.
    private static let capacity = 2048

    private let sessions = Mutex<[SessionID: (sealed: [UInt8], session: Session)]>([:])

    /// The session that these bytes decoded to when they were last opened for this place.
    func session(_ id: SessionID, sealed: [UInt8]) -> Session? {
        sessions.withLock { sessions in
            guard let recent = sessions[id], recent.sealed == sealed else { return nil }
            return recent.session
        }
    }

    func keep(_ session: Session, sealed: [UInt8]) {
        sessions.withLock { sessions in
            if sessions.count >= Self.capacity { sessions.removeAll(keepingCapacity: true) }
            sessions[session.id] = (sealed, session)
        }
    }
}
