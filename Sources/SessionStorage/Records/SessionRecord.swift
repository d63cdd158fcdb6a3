import SessionContract
package import SessionCore

/// A session as a record. It repeats the session's id, tenant and subject, so that records cannot be confused even if
/// everything around them is wrong.
package enum SessionRecord {
    package static func bytes(of session: Session) -> [UInt8] {
        var record = RecordWriter(format: .compact)
        record.text(session.id.text)
        record.text(session.tenant)
        record.text(session.subject)
        record.text(session.policy)
        record.ownMoment(session.createdAt)
        // The granted value, not the one that the policy currently reduces it to.
        record.integer(Int64(session.granted.idleSeconds))
        record.moment(session.granted.expiresAt)
        record.optional(session.actor)
        record.text(session.status.rawValue)
        record.optional(session.parentID?.text)
        record.assurance(session.assurance)
        record.optional(session.authenticatedAt) { $0.moment($1) }
        record.optional(session.device) { $0.device($1) }
        record.optional(session.context) { $0.context($1) }
        record.bytes(session.attributes.isEmpty ? [] : JSONWriter.bytes(of: session.attributes))
        record.moment(session.lastActiveAt)
        record.integer(Int64(session.generation))
        record.credentials(session.credentials)
        record.optional(session.pendingUntil) { $0.moment($1) }
        record.optional(session.lock) { $0.lock($1) }
        record.optional(session.placedAt) { $0.moment($1) }
        record.list(session.suspects) { $0.context($1) }
        record.optional(session.ticket) { $0.ticket($1) }
        record.optional(session.ending) { $0.ending($1) }
        record.list(session.line) { record, step in
            record.moment(step.createdAt)
            record.text(step.own)
        }
        record.optional(session.knownRevocation) { $0.moment($1) }
        record.integer(session.isCreationImplied ? 1 : 0)
        record.laterFields(session.laterFields)
        return record.bytes
    }

    package static func session(from bytes: [UInt8]) throws(MalformedRecord) -> Session {
        var record = try RecordReader(ofAnyFormat: bytes)
        var session = Session(
            id: try record.sessionID(), tenant: try record.text(), subject: try record.exactText(),
            policy: try record.exactText(), createdAt: try record.ownMoment(), idleSeconds: try record.count(),
            expiresAt: try record.moment(), actor: try record.optionalExactText(), status: try record.status(),
            parentID: try record.optional { reader throws(MalformedRecord) in try reader.sessionID() },
            assurance: try record.assurance(), authenticatedAt: try record.optionalMoment(),
            device: try record.optional { reader throws(MalformedRecord) in try reader.device() },
            context: try record.optional { reader throws(MalformedRecord) in try reader.context() },
            attributes: try record.attributes(), lastActiveAt: try record.moment(),
            generation: try record.count(), credentials: try record.credentials(),
            pendingUntil: try record.optionalMoment(),
            lock: try record.optional { reader throws(MalformedRecord) in try reader.lock() },
            placedAt: try record.optionalMoment(),
            suspects: try record.list { reader throws(MalformedRecord) in try reader.context() },
            ticket: try record.optional { reader throws(MalformedRecord) in try reader.ticket() },
            ending: try record.optional { reader throws(MalformedRecord) in try reader.ending() })
        // Records of the first version end here.
        guard !record.isAtEnd else { return session }
        session.line = try record.list { reader throws(MalformedRecord) in
            ListPlace.Step(createdAt: try reader.moment(), own: try reader.text())
        }
        session.knownRevocation = try record.optionalMoment()
        // Records from before creations were implied end here.
        guard !record.isAtEnd else { return session }
        session.isCreationImplied = try record.integer() != 0
        session.laterFields = record.laterFields()
        return session
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

    fileprivate mutating func assurance(_ assurance: Assurance) {
        list(assurance.methods) { $0.text($1) }
        list(assurance.elevations) { record, elevation in
            record.list(elevation.methods) { $0.text($1) }
            record.moment(elevation.until)
        }
        optional(assurance.ceiling) { record, ceiling in
            record.integer(Int64(ceiling.level))
            record.optional(ceiling.until) { $0.moment($1) }
            record.integer(Int64(ceiling.laterLevel))
        }
    }

    fileprivate mutating func credentials(_ credentials: SessionCredentials) {
        digest(credentials.session)
        optional(credentials.refresh) { record, refresh in
            record.digest(refresh.digest)
            record.moment(refresh.expiresAt)
            record.optional(refresh.predecessor) { record, predecessor in
                record.digest(predecessor.digest)
                record.bytes(predecessor.salt)
                record.moment(predecessor.replacedAt)
            }
        }
        integer(Int64(credentials.lineStart))
        optional(credentials.accessExpiresAt) { $0.moment($1) }
    }

    fileprivate mutating func lock(_ lock: SessionLock) {
        optional(lock.through?.text)
        optional(lock.context) { $0.context($1) }
    }

    fileprivate mutating func ticket(_ ticket: TransferTicket) {
        digest(ticket.digest)
        moment(ticket.expiresAt)
        integer(ticket.keepsOriginal ? 1 : 0)
    }

    fileprivate mutating func ending(_ ending: SessionEnding) {
        moment(ending.at)
        text(ending.reason.word)
        moment(ending.forgottenAt)
        integer(ending.isFinal ? 1 : 0)
    }
}

extension RecordReader {
    fileprivate mutating func device() throws(MalformedRecord) -> Device {
        Device(
            id: try optionalExactText(), name: try optionalExactText(), platform: try optionalExactText(),
            fingerprint: try optionalExactText())
    }

    fileprivate mutating func context() throws(MalformedRecord) -> ClientContext {
        ClientContext(
            ip: try optionalExactText(), userAgent: try optionalExactText(), fingerprint: try optionalExactText(),
            country: try optionalExactText(), region: try optionalExactText(), city: try optionalExactText(),
            coordinates: try optional { reader throws(MalformedRecord) in
                ClientContext.Coordinates(latitude: try reader.double(), longitude: try reader.double())
            },
            asn: try optional { reader throws(MalformedRecord) in try reader.integer() })
    }

    fileprivate mutating func sessionID() throws(MalformedRecord) -> SessionID {
        guard let id = SessionID(try text()) else { throw MalformedRecord(reason: "the session id is invalid") }
        return id
    }

    fileprivate mutating func assurance() throws(MalformedRecord) -> Assurance {
        Assurance(
            methods: try texts(),
            elevations: try list { reader throws(MalformedRecord) in
                Assurance.Elevation(methods: try reader.texts(), until: try reader.moment())
            },
            ceiling: try optional { reader throws(MalformedRecord) in
                Assurance.Ceiling(
                    level: try reader.count(), until: try reader.optionalMoment(),
                    laterLevel: try reader.count())
            })
    }

    fileprivate mutating func credentials() throws(MalformedRecord) -> SessionCredentials {
        SessionCredentials(
            session: try digest(),
            refresh: try optional { reader throws(MalformedRecord) in
                RefreshCredential(
                    digest: try reader.digest(), expiresAt: try reader.moment(),
                    predecessor: try reader.optional { reader throws(MalformedRecord) in
                        RefreshCredential.Predecessor(
                            digest: try reader.digest(), salt: Array(try reader.bytes()),
                            replacedAt: try reader.moment())
                    })
            },
            lineStart: try count(), accessExpiresAt: try optionalMoment())
    }

    fileprivate mutating func lock() throws(MalformedRecord) -> SessionLock {
        SessionLock(
            through: try optional { reader throws(MalformedRecord) in try reader.sessionID() },
            context: try optional { reader throws(MalformedRecord) in try reader.context() })
    }

    fileprivate mutating func ticket() throws(MalformedRecord) -> TransferTicket {
        TransferTicket(digest: try digest(), expiresAt: try moment(), keepsOriginal: try integer() != 0)
    }

    fileprivate mutating func ending() throws(MalformedRecord) -> SessionEnding {
        SessionEnding(
            at: try moment(), reason: EndReason(stored: try text()), forgottenAt: try moment(),
            isFinal: try integer() != 0)
    }

    fileprivate mutating func status() throws(MalformedRecord) -> SessionStatus {
        guard let status = SessionStatus(rawValue: try text()) else {
            throw MalformedRecord(reason: "the session's status is unknown")
        }
        return status
    }

    fileprivate mutating func texts() throws(MalformedRecord) -> [ExactText] {
        try list { reader throws(MalformedRecord) in try reader.exactText() }
    }

    fileprivate mutating func attributes() throws(MalformedRecord) -> JSONObject {
        let bytes = try bytes()
        if bytes.isEmpty { return [:] }
        guard case .object(let attributes) = try? JSONReader.read(Array(bytes)) else {
            throw MalformedRecord(reason: "the attributes are not a JSON object")
        }
        return attributes
    }
}
