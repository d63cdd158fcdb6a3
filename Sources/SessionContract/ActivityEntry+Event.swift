package import SessionCore

extension ActivityEntry {
    /// The entry of an event in its session's activity log; `nil` if the event is not about a session.
    package init?(_ event: Event) {
        guard let session = event.session else { return nil }
        var detail = JSONObject()
        detail["reason"] = event.reason.map(JSONValue.string)
        detail["actor"] = (session.actor?.text).map(JSONValue.string)
        detail["level"] = .integer(Int64(session.assurance.level(at: event.at)))
        let place = JSONWriter.object { $0.members(of: session.device, event.context) }
        if case .object(let known) = try? JSONReader.read(place) {
            for member in known.members { detail[member.key] = member.value }
        }
        self.init(at: event.at, action: event.kind.rawValue, detail: detail)
    }
}
