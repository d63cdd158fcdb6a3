/// How much all sessions of a subject may take up together: an aggregate is read whole, in one reply of Redis.
extension SubjectTransaction {
    /// In bytes of their records, about; ended ones count too. A quarter of what is read in one reply, for contexts are
    /// replaced by longer ones without being looked at.
    private static let maxBytes = 8 << 20
    /// A record without its variable parts, about; and no record is larger than that.
    private static let fixedBytes = 512
    private static let largestBytes = 128 << 10

    /// Whether `session` has room beside the others as it is.
    func hasRoom(for session: Session) -> Bool {
        guard aggregate.sessions.count >= Self.maxBytes / Self.largestBytes else { return true }
        let others = aggregate.sessions.values.reduce(0) { $1.id == session.id ? $0 : $0 + Self.bytes(of: $1) }
        return others + Self.bytes(of: session) <= Self.maxBytes
    }

    func requireRoom(for session: Session) throws(Stop) {
        guard hasRoom(for: session) else {
            throw .rejected(.limitReached, "the subject's sessions have \(Self.maxBytes >> 20) MiB together at most")
        }
    }

    private static func bytes(of session: Session) -> Int {
        let device = session.device.map { [$0.id, $0.name, $0.platform, $0.fingerprint] } ?? []
        let contexts = [session.context, session.lock?.context].compactMap(\.self) + session.suspects
        let texts = device + contexts.flatMap { [$0.userAgent, $0.fingerprint, $0.region, $0.city] } + [session.actor]
        return fixedBytes + session.attributes.compactLength + session.line.count * (8 + 1 + SessionID.ownLength)
            + texts.reduce(session.subject.text.utf8.count) { $0 + ($1?.text.utf8.count ?? 0) }
    }
}
