/// A session of the benchmark: what is needed to send commands about it.
final class HeldSession {
    /// Identifies its subject.
    let number: Int
    /// `ses_…`
    let id: [UInt8]
    /// The body of a validate, which is also that of a `session.get`; made once, because most commands are validates.
    let validateBody: [UInt8]
    var refreshToken: [UInt8]
    /// Commands in flight that use the session.
    fileprivate(set) var uses = 0
    fileprivate(set) var isExclusive = false
    fileprivate var position = 0

    init(number: Int, id: [UInt8], validateBody: [UInt8], refreshToken: [UInt8]) {
        self.number = number
        self.id = id
        self.validateBody = validateBody
        self.refreshToken = refreshToken
    }
}

/// The sessions that commands can be sent about.
struct SessionPool {
    private var sessions: [HeldSession] = []
    private var next = 0
    /// Sessions beyond this number are not kept; they still expire, and are revoked at the end.
    let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { sessions.count }

    mutating func add(_ session: HeldSession) {
        guard sessions.count < capacity else { return }
        session.position = sessions.count
        sessions.append(session)
    }

    /// The next session in turn that is free for this use; nil if none is.
    mutating func take(for use: MeasuredCommand.SessionUse) -> HeldSession? {
        for _ in sessions.indices {
            next = next + 1 < sessions.count ? next + 1 : 0
            let session = sessions[next]
            guard !session.isExclusive, use == .shared || session.uses == 0 else { continue }
            session.uses += 1
            session.isExclusive = use == .exclusive
            return session
        }
        return nil
    }

    /// Ends one use of a session.
    func giveBack(_ session: HeldSession) {
        session.uses -= 1
        if session.uses == 0 { session.isExclusive = false }
    }

    /// Forgets a session, which has ended or whose tokens are unknown. It may have been forgotten already.
    mutating func remove(_ session: HeldSession) {
        guard session.position < sessions.count, sessions[session.position] === session else { return }
        let last = sessions.removeLast()
        guard last !== session else { return }
        last.position = session.position
        sessions[session.position] = last
    }
}
