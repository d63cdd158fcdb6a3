import RedisNIO
import SessionCore

/// Assembles an aggregate from the fields of its Redis hash.
struct AggregateReader {
    let handle: SubjectHandle
    let key: String
    let seal: RecordSeal
    var revision: Int64 = 0
    var subject: Subject?
    var sessions: SessionTable = [:]
    var policies: [PolicyName: SessionPolicy] = [:]
    var revocations = StandingRevocations.none

    var aggregate: Aggregate {
        Aggregate(
            handle: handle, revision: revision, subject: subject, sessions: sessions, policies: policies,
            revocations: revocations)
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
            revision = number
        case KeySpace.subjectField:
            subject = try seal.read(value, at: .field(field, key: key), as: SubjectRecord.subject).get()
        case KeySpace.revocationsField:
            revocations = try seal.read(value, at: .field(field, key: key), as: RevocationsRecord.revocations).get()
        case _ where field.utf8.count == KeySpace.policyFieldLength:
            let (name, policy) = try seal.read(value, at: .field(field, key: key), as: PolicyRecord.policy).get()
            policies[name] = policy
        default:
            try add(try session(from: value, of: field))
        }
    }

    /// - Throws: if the session was added before.
    mutating func add(_ session: SharedSession) throws(DamagedRecord) {
        guard sessions.insert(session) else { throw damaged("the hash holds a session twice") }
    }

    func session(from value: [UInt8], of field: String) throws(DamagedRecord) -> SharedSession {
        let session = SharedSession(
            try seal.read(value, at: .field(field, key: key), as: SessionRecord.session).get())
        guard session.session.id.isMade(of: handle, own: field) else {
            throw damaged("the field holds another session's record")
        }
        return session
    }

    private func damaged(_ reason: String) -> DamagedRecord {
        DamagedRecord(key: key, reason: reason)
    }
}
