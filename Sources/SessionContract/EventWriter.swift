package import SessionCore

/// Writes events as CloudEvents 1.0 in structured JSON, with the OpenID CAEP 1.0 event inside where there is one
/// (contract §7).
package enum EventWriter {
    package static let contentType = "application/cloudevents+json"

    package static func write(_ event: Event, namespace: String) -> [UInt8] {
        JSONWriter.object(capacity: 1024) { json in
            json.member("specversion", "1.0")
            json.member("id", event.id)
            json.member("source", "/\(namespace)/\(event.tenant)")
            json.member("type", event.kind.rawValue)
            json.member("subject", event.session?.id.text ?? event.subject)
            json.member("time", event.at)
            json.member("datacontenttype", "application/json")
            json.member("partitionkey", event.handle.text)
            json.member("sequence", String(event.sequence))
            json.member("sequencetype", "Integer")
            json.member("traceparent", event.traceparent)
            json.object("data") { writeData(of: event, to: &$0) }
        }
    }

    private static func writeData(of event: Event, to json: inout JSONWriter) {
        json.member("sessionId", event.session?.id.text)
        json.member("tenant", event.tenant)
        json.member("subject", event.subject)
        json.member("reason", event.reason)
        json.member("actor", event.session?.actor)
        json.members(of: event.session?.device, event.session?.context)
        guard let uri = event.kind.caep, let session = event.session else { return }
        json.object("caep") { json in
            json.object(uri) { json in
                json.member("event_timestamp", Int((session.ending?.at ?? event.at).milliseconds / 1000))
                json.member("initiating_entity", event.kind.initiator)
                if event.kind == .created {
                    json.member("acr", String(session.level))
                    json.member("amr", session.methods)
                }
            }
        }
    }
}

extension Event.Kind {
    /// The event type of CAEP 1.0 that says the same, if one does.
    fileprivate var caep: StaticString? {
        switch self {
        case .created: "https://schemas.openid.net/secevent/caep/event-type/session-established"
        case .refreshed: "https://schemas.openid.net/secevent/caep/event-type/session-presented"
        case .revoked, .expired, .evicted: "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
        case .limitReached, .tokenReused: nil
        }
    }

    /// What brought it about, in CAEP's words, where the event alone tells.
    fileprivate var initiator: String? {
        switch self {
        case .created, .refreshed: "user"
        case .expired, .evicted: "policy"
        case .revoked, .limitReached, .tokenReused: nil
        }
    }
}
