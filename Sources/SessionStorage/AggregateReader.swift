import RedisNIO
import SessionCore

/// Assembles an aggregate from the fields of its Redis hash.
struct AggregateReader {
    let key: String
    let seal: RecordSeal
    let recent: RecentSessions
    private(set) var aggregate: Aggregate

    init(handle: SubjectHandle, key: String, seal: RecordSeal, recent: RecentSessions) {
        self.key = key
        self.seal = seal
        self.recent = recent
        aggregate = Aggregate(handle: handle)
    }

    /// Adds a whole hash, given as alternating names and values.
    mutating func addAll(_ values: [RedisReply]) throws(DamagedRecord) {
        guard values.count.isMultiple(of: 2) else { throw damaged("a field has no value") }
        for index in stride(from: 0, to: values.count, by: 2) {
            guard let name = values[index].string, let value = values[index + 1].bytes else {
                throw damaged("a field or its value is not a string")
            }
            try add(value, of: name)
        }
    }

    mutating func add(_ value: [UInt8], of field: String) throws(DamagedRecord) {
        switch field {
        case KeySpace.revisionField:
            let text = String(decoding: value, as: UTF8.self)
            // A commit passes the revision as a number, but the script compares it as text: only the canonical form
            // will match.
            guard let number = Int64(text), String(number) == text else { throw damaged("the revision is malformed") }
            aggregate.revision = number
        case KeySpace.subjectField:
            aggregate.subject = try seal.read(value, at: .field(field, key: key), as: SubjectRecord.subject).get()
        case KeySpace.revocationsField:
            aggregate.revocations = try seal.read(
                value, at: .field(field, key: key), as: RevocationsRecord.revocations
            ).get()
        case _ where field.utf8.count == KeySpace.policyFieldLength:
            let (name, policy) = try seal.read(value, at: .field(field, key: key), as: PolicyRecord.policy).get()
            aggregate.policies[name] = policy
        default:
            try add(try session(from: value, of: field))
        }
    }

    /// - Throws: if the session was added before.
    mutating func add(_ session: Session) throws(DamagedRecord) {
        guard aggregate.sessions.updateValue(session, forKey: session.id) == nil else {
            throw damaged("the hash holds a session twice")
        }
    }

    func session(from value: [UInt8], of field: String) throws(DamagedRecord) -> Session {
        if let known = recent.session(own: field, of: aggregate.handle, sealed: value) { return known }
        let session = try seal.read(value, at: .field(field, key: key), as: SessionRecord.session).get()
        guard session.id.isMade(of: aggregate.handle, own: field) else {
            throw damaged("the field holds another session's record")
        }
        recent.keep(session, sealed: value)
        return session
    }

    private func damaged(_ reason: String) -> DamagedRecord {
        DamagedRecord(key: key, reason: reason)
    }
}
