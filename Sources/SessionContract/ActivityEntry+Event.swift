package import SessionCore

extension ActivityEntry {
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
        var detail = JSONObject()
        detail["reason"] = reason.map(JSONValue.string)
        detail["actor"] = (session.actor?.text).map(JSONValue.string)
        detail["level"] = .integer(Int64(session.assurance.level(at: moment)))
        let place = JSONWriter.object { $0.members(of: session.device, context) }
        if case .object(let known) = try? JSONReader.read(place) {
            for member in known.members { detail[member.key] = member.value }
        }
        self.init(at: moment, action: kind.rawValue, detail: detail)
    }
}
