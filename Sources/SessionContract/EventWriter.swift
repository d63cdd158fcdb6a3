package import SessionCore

/// Writes events as CloudEvents 1.0 in structured JSON, with the corresponding OpenID CAEP 1.0 event if there is one
/// (contract §7).
package enum EventWriter {
    package static let contentType = "application/cloudevents+json"

    package static func write(_ event: Event, namespace: String) -> [UInt8] {
        JSONWriter.object(capacity: 1024) { json in
            json.member("specversion", "1.0")
            json.member("id", event.id)
            json.member("source", "/\(namespace)/\(event.tenant)")
            json.member("type", event.kind.rawValue)
            json.member("subject", event.session?.id.text ?? event.subject.text)
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
        json.member("parentId", event.session?.parentID?.text)
        if let session = event.session, event.kind.tellsAssurance {
            json.member("level", session.assurance.level(at: event.at))
            json.member("methods", session.assurance.methods(at: event.at))
        }
        if event.kind.replacesTokens { json.member("generation", event.session?.generation) }
        json.members(of: event.session?.device, event.context)
        writeDetail(of: event, to: &json)
        json.member("accessTokensExpireAt", event.session?.accessTokensExpireAt(after: event.at))
        writeCAEP(of: event, to: &json)
    }

    private static func writeDetail(of event: Event, to json: inout JSONWriter) {
        switch event.detail {
        case .previousSession(let id): json.member("previousSessionId", id.text)
        case .contextChange(let change):
            json.member("changed", change.changed.map(\.rawValue))
            json.members(of: change.previous, as: "previousContext")
            if event.kind == .suspicious { json.member("reaction", change.reaction.rawValue) }
        case .factor(let id, let kind):
            json.object("factor") { json in
                json.member("id", id)
                json.member("type", kind)
            }
        case .previousLevel, nil: break
        }
    }
}

extension Event {
    /// The context in the event: the session's, or the new one that a rule compared.
    var context: ClientContext? {
        switch detail {
        case .contextChange(let change): change.current
        case .previousSession, .previousLevel, .factor, nil: session?.context
        }
    }
}

extension Event.Kind {
    /// Whether all tokens of the session were replaced. Who holds access tokens has to know which are the new ones.
    fileprivate var replacesTokens: Bool { self == .elevated || self == .reauthenticated }

    fileprivate var tellsAssurance: Bool {
        switch self {
        case .created, .elevated, .reauthenticated, .transferred: true
        case .refreshed, .updated, .locked, .unlocked, .revoked, .expired, .evicted, .limitReached, .contextChanged,
            .suspicious, .tokenReused, .subjectDisabled, .subjectEnabled, .factorEnrolled, .factorRemoved,
            .factorRejected:
            false
        }
    }
}
