import SessionContract
import SessionCore

/// A session as a record. Its id, tenant and subject stand in it once more, so that a record can be told from another
/// even if everything around it were wrong.
enum SessionRecord {
    static func bytes(of session: Session) -> [UInt8] {
        var record = RecordWriter()
        record.text(session.id.text)
        record.text(session.tenant)
        record.text(session.subject)
        record.text(session.policy)
        record.moment(session.createdAt)
        record.integer(Int64(session.idleSeconds))
        record.moment(session.expiresAt)
        record.optional(session.actor)
        record.text(session.status.rawValue)
        record.integer(Int64(session.level))
        record.integer(Int64(session.methods.count))
        for method in session.methods { record.text(method) }
        record.optional(session.authenticatedAt) { $0.moment($1) }
        record.optional(session.device) { $0.device($1) }
        record.optional(session.context) { $0.context($1) }
        record.bytes(session.attributes.isEmpty ? [] : JSONWriter.bytes(of: session.attributes))
        record.moment(session.lastActiveAt)
        record.integer(Int64(session.generation))
        record.credentials(session.credentials)
        record.optional(session.ending) { $0.ending($1) }
        return record.bytes
    }

    static func session(from bytes: [UInt8]) throws(MalformedRecord) -> Session {
        var record = RecordReader(bytes)
        guard let id = SessionID(try record.text()) else { throw MalformedRecord(reason: "the session id is none") }
        return Session(
            id: id, tenant: try record.text(), subject: try record.text(), policy: try record.text(),
            createdAt: try record.moment(), idleSeconds: Int(try record.integer()), expiresAt: try record.moment(),
            actor: try record.optionalText(), status: try record.status(), level: Int(try record.integer()),
            methods: try record.methods(), authenticatedAt: try record.optionalMoment(),
            device: try record.optional { reader throws(MalformedRecord) in try reader.device() },
            context: try record.optional { reader throws(MalformedRecord) in try reader.context() },
            attributes: try record.attributes(), lastActiveAt: try record.moment(),
            generation: Int(try record.integer()), credentials: try record.credentials(),
            ending: try record.optional { reader throws(MalformedRecord) in try reader.ending() })
    }
}

// MARK: - The parts, each written and read side by side

extension RecordWriter {
    fileprivate mutating func device(_ device: Device) {
        optional(device.id)
        optional(device.name)
        optional(device.platform)
        optional(device.fingerprint)
    }

    fileprivate mutating func context(_ context: ClientContext) {
        optional(context.ip)
        optional(context.userAgent)
        optional(context.fingerprint)
        optional(context.country)
        optional(context.region)
        optional(context.city)
        optional(context.coordinates) { record, place in
            record.double(place.latitude)
            record.double(place.longitude)
        }
        optional(context.asn) { $0.integer($1) }
    }

    fileprivate mutating func credentials(_ credentials: SessionCredentials) {
        bytes(credentials.session.bytes)
        bytes(credentials.refresh.bytes)
        moment(credentials.refreshExpiresAt)
        integer(Int64(credentials.lineStart))
        optional(credentials.predecessor) { record, predecessor in
            record.bytes(predecessor.digest.bytes)
            record.bytes(predecessor.salt)
            record.moment(predecessor.replacedAt)
        }
    }

    fileprivate mutating func ending(_ ending: SessionEnding) {
        moment(ending.at)
        text(ending.reason.word)
        moment(ending.forgottenAt)
    }
}

extension RecordReader {
    fileprivate mutating func device() throws(MalformedRecord) -> Device {
        Device(
            id: try optionalText(), name: try optionalText(), platform: try optionalText(),
            fingerprint: try optionalText())
    }

    fileprivate mutating func context() throws(MalformedRecord) -> ClientContext {
        ClientContext(
            ip: try optionalText(), userAgent: try optionalText(), fingerprint: try optionalText(),
            country: try optionalText(), region: try optionalText(), city: try optionalText(),
            coordinates: try optional { reader throws(MalformedRecord) in
                ClientContext.Coordinates(latitude: try reader.double(), longitude: try reader.double())
            },
            asn: try optional { reader throws(MalformedRecord) in try reader.integer() })
    }

    fileprivate mutating func credentials() throws(MalformedRecord) -> SessionCredentials {
        SessionCredentials(
            session: try digest(), refresh: try digest(), refreshExpiresAt: try moment(),
            lineStart: Int(try integer()),
            predecessor: try optional { reader throws(MalformedRecord) in
                SessionCredentials.Predecessor(
                    digest: try reader.digest(), salt: Array(try reader.bytes()), replacedAt: try reader.moment())
            })
    }

    fileprivate mutating func ending() throws(MalformedRecord) -> SessionEnding {
        SessionEnding(at: try moment(), reason: EndReason(stored: try text()), forgottenAt: try moment())
    }

    fileprivate mutating func status() throws(MalformedRecord) -> SessionStatus {
        guard let status = SessionStatus(rawValue: try text()) else {
            throw MalformedRecord(reason: "the session's status is unknown")
        }
        return status
    }

    fileprivate mutating func methods() throws(MalformedRecord) -> [String] {
        let count = try integer()
        guard (0...64).contains(count) else { throw MalformedRecord(reason: "no session has \(count) methods") }
        var methods: [String] = []
        for _ in 0..<count { methods.append(try text()) }
        return methods
    }

    fileprivate mutating func attributes() throws(MalformedRecord) -> JSONObject {
        let bytes = try bytes()
        if bytes.isEmpty { return [:] }
        guard case .object(let attributes) = try? JSONReader.read(Array(bytes)) else {
            throw MalformedRecord(reason: "the attributes are no JSON object")
        }
        return attributes
    }
}
