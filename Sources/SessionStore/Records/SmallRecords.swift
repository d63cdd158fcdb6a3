import SessionCore

enum SubjectRecord {
    static func bytes(of subject: Subject) -> [UInt8] {
        var record = RecordWriter(capacity: 64)
        record.text(subject.tenant)
        record.text(subject.name)
        record.integer(subject.lastSequence)
        return record.bytes
    }

    static func subject(from bytes: [UInt8]) throws(MalformedRecord) -> Subject {
        var record = RecordReader(bytes)
        return Subject(tenant: try record.text(), name: try record.text(), lastSequence: try record.integer())
    }
}

enum ResultRecord {
    static func bytes(of result: StoredResult, fingerprint: [UInt8]) -> [UInt8] {
        var record = RecordWriter(capacity: result.reply.count + result.copy.count + 64)
        record.bytes(fingerprint)
        record.text(result.status)
        record.text(result.id)
        record.bytes(result.reply)
        // Most results hold nothing that the copy must not: then it is not kept twice.
        record.optional(result.copy == result.reply ? nil : result.copy) { $0.bytes($1) }
        return record.bytes
    }

    static func result(from bytes: [UInt8]) throws(MalformedRecord) -> (StoredResult, fingerprint: [UInt8]) {
        var record = RecordReader(bytes)
        let fingerprint = Array(try record.bytes())
        let status = try record.text()
        let id = try record.text()
        let reply = Array(try record.bytes())
        let copy = try record.optional { reader throws(MalformedRecord) in Array(try reader.bytes()) }
        return (StoredResult(status: status, id: id, reply: reply, copy: copy ?? reply), fingerprint)
    }
}

enum EventRecord {
    static func bytes(of event: OutgoingEvent) -> [UInt8] {
        var record = RecordWriter(capacity: event.body.count + 64)
        record.text(event.id)
        record.text(event.type)
        record.bytes(event.body)
        return record.bytes
    }

    static func event(from bytes: [UInt8]) throws(MalformedRecord) -> OutgoingEvent {
        var record = RecordReader(bytes)
        return OutgoingEvent(id: try record.text(), type: try record.text(), body: Array(try record.bytes()))
    }
}
