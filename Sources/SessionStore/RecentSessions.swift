import SessionCore
import Synchronization

/// Sessions that were opened lately, each beside the sealed bytes it came from.
///
/// Redis is asked every time; but where it gives the very bytes that were opened before, to open and read them again
/// would give the very same session, at a tenth of what a validate costs. A user's requests come in bursts.
final class RecentSessions: Sendable {
    /// A few megabytes at most. When it is full it begins anew: what is used comes back at once.
    private static let capacity = 2048

    private let sessions = Mutex<[SessionID: (sealed: [UInt8], session: Session)]>([:])

    /// The session that these bytes were, the last time they were opened in this place.
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
