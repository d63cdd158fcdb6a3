/// Bounds the total size of a subject's sessions, because an aggregate is read whole, in one Redis reply.
extension SubjectTransaction {
    /// In bytes of the records, estimated; ended sessions count too. A quarter of the largest reply, because contexts
    /// are replaced by longer ones without this check.
    private static let maxBytes = 8 << 20
    /// A record without its variable parts, and the largest record, both estimated.
    private static let fixedBytes = 512
    private static let largestBytes = 128 << 10

    /// Whether `session` fits, together with the others.
    func hasRoom(for session: Session) -> Bool {
        guard aggregate.sessions.count >= Self.maxBytes / Self.largestBytes else { return true }
        let others = aggregate.sessions.values.reduce(0) { $1.id == session.id ? $0 : $0 + Self.bytes(of: $1) }
        return others + Self.bytes(of: session) <= Self.maxBytes
    }

    func requireRoom(for session: Session) throws(Stop) {
        guard hasRoom(for: session) else {
            throw .rejected(.limitReached, "the subject's sessions may take up \(Self.maxBytes >> 20) MiB in total")
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
