import SessionContract
import SessionCore

enum ResultRecord {
    static func bytes(of result: StoredResult, fingerprint: [UInt8]) -> [UInt8] {
        var record = RecordWriter(capacity: result.reply.count + result.copy.count + 64)
        record.bytes(fingerprint)
        record.text(result.status)
        record.text(result.id)
        record.bytes(result.reply)
        // In most results the copy equals the reply, as nothing has to be removed from it. It is then not stored twice.
        record.optional(result.copy == result.reply ? nil : result.copy) { $0.bytes($1) }
        return record.bytes
    }

    static func result(from bytes: [UInt8]) throws(MalformedRecord) -> (StoredResult, fingerprint: [UInt8]) {
        var record = RecordReader(bytes)
        let fingerprint = Array(try record.bytes())
        let status = try record.text()
        guard WrittenResult.Status(rawValue: status) != nil else {
            throw MalformedRecord(reason: "the result's status is unknown")
        }
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

/// A tenant's policy, stored in the form it was sent: settings added by a later version take their defaults.
enum PolicyRecord {
    static func bytes(of policy: SessionPolicy, named name: PolicyName) -> [UInt8] {
        var record = RecordWriter(capacity: 1024)
        record.text(name.tenant)
        record.text(name.name)
        record.bytes(JSONWriter.object { $0.members(of: policy) })
        return record.bytes
    }

    static func policy(from bytes: [UInt8]) throws(MalformedRecord) -> (PolicyName, SessionPolicy) {
        var record = RecordReader(bytes)
        let name = PolicyName(tenant: try record.text(), name: try record.exactText())
        let json = Array(try record.bytes())
        guard case .object(let object)? = try? JSONReader.read(json) else {
            throw MalformedRecord(reason: "the policy is not a JSON object")
        }
        do throws(Failure) {
            var reader = ObjectReader(object)
            return (name, try PolicyReader.read(&reader))
        } catch {
            throw MalformedRecord(reason: "the policy cannot be read: \(error.message)")
        }
    }
}

enum ActivityRecord {
    static func bytes(of entry: WrittenActivity) -> [UInt8] {
        var record = RecordWriter(capacity: 256)
        record.moment(entry.at)
        record.text(entry.action)
        record.bytes(entry.detail)
        return record.bytes
    }

    static func entry(from bytes: [UInt8]) throws(MalformedRecord) -> ActivityEntry {
        var record = RecordReader(bytes)
        let at = try record.moment()
        let action = try record.text()
        guard case .object(let detail) = try? JSONReader.read(Array(try record.bytes())) else {
            throw MalformedRecord(reason: "an activity entry's detail is not a JSON object")
        }
        return ActivityEntry(at: at, action: action, detail: detail)
    }
}
