/// The sessions of an aggregate, by id.
///
/// Sessions are large, and are handed on far more often than they change. So each is stored in an object of its own, which
/// copies of the table and a cache share.
package struct SessionTable: Equatable, Sendable, ExpressibleByDictionaryLiteral {
    private var shared: [SessionID: SharedSession]

    package init(dictionaryLiteral elements: (SessionID, Session)...) {
        shared = [:]
        for (id, session) in elements { self[id] = session }
    }

    /// If two sessions have the same id, the later one wins.
    package init(_ sessions: [Session]) {
        shared = Dictionary(
            sessions.map { ($0.id, SharedSession($0)) }, uniquingKeysWith: { _, last in last })
    }

    package subscript(id: SessionID) -> Session? {
        get { shared[id]?.session }
        set { shared[id] = newValue.map { SharedSession($0) } }
    }

    package var count: Int { shared.count }

    package var isEmpty: Bool { shared.isEmpty }

    package var keys: some Collection<SessionID> & Sendable { shared.keys }

    package var values: Values { Values(rest: shared.values.makeIterator()) }

    /// Adds a session.
    ///
    /// - Returns: whether there was none with its id.
    package mutating func insert(_ session: SharedSession) -> Bool {
        shared.updateValue(session, forKey: session.session.id) == nil
    }

    /// - Returns: the session that it replaced.
    package mutating func update(_ session: Session) -> Session? {
        shared.updateValue(SharedSession(session), forKey: session.id)?.session
    }

    /// The sessions, in no order.
    package struct Values: Sequence, IteratorProtocol {
        fileprivate var rest: Dictionary<SessionID, SharedSession>.Values.Iterator

        package mutating func next() -> Session? {
            rest.next()?.session
        }
    }
}

/// A session in an object of its own.
package final class SharedSession: Equatable, Sendable {
    package let session: Session

    package init(_ session: Session) {
        self.session = session
    }

    package static func == (one: SharedSession, other: SharedSession) -> Bool {
        one === other || one.session == other.session
    }
}
