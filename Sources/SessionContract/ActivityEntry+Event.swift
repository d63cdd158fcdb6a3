package import SessionCore

/// An entry of a session's activity log as it is stored: with its detail in JSON.
package struct WrittenActivity: Sendable {
    package let at: Timestamp
    /// The type of the event.
    package let action: String
    package let detail: [UInt8]

    /// The entry of an event in its session's activity log; `nil` if the event is not about a session.
    package init?(_ event: Event) {
        guard let session = event.session else { return nil }
        self.init(event.kind, of: session, at: event.at, reason: event.reason, context: event.context)
    }

    /// The entry of a session's creation, if the session still implies it.
    package init(creationOf session: Session) {
        self.init(.created, of: session, at: session.createdAt, reason: nil, context: session.context)
    }

    private init(
        _ kind: Event.Kind, of session: Session, at moment: Timestamp, reason: String?, context: ClientContext?
    ) {
        at = moment
        action = kind.rawValue
        detail = JSONWriter.object { json in
            json.member("reason", reason)
            json.member("actor", session.actor)
            json.member("level", session.assurance.level(at: moment))
            json.members(of: session.device, context)
        }
    }
}

extension ActivityEntry {
    /// The entry of an event in its session's activity log; `nil` if the event is not about a session.
    package init?(_ event: Event) {
        guard let written = WrittenActivity(event) else { return nil }
        self.init(written)
    }

    /// The entry of a session's creation, if the session still implies it.
    package init(creationOf session: Session) {
        self.init(WrittenActivity(creationOf: session))
    }

    private init(_ written: WrittenActivity) {
        guard case .object(let detail) = try? JSONReader.read(written.detail) else {
            preconditionFailure("the detail of an activity is a JSON object")
        }
        self.init(at: written.at, action: written.action, detail: detail)
    }
}
