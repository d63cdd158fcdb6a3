/// The sessions of an aggregate, by id.
package typealias SessionTable = [SessionID: Session]

extension SessionTable {
    /// If two sessions have the same id, the later one wins.
    package init(_ sessions: [Session]) {
        self.init(minimumCapacity: sessions.count)
        for session in sessions { self[session.id] = session }
    }
}
