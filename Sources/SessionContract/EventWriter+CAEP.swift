import SessionCore

/// The corresponding OpenID CAEP 1.0 event, under its URI, if there is one (contract §7).
extension EventWriter {
    static func writeCAEP(of event: Event, to json: inout JSONWriter) {
        guard let uri = event.kind.caep else { return }
        json.object("caep") { json in
            json.object(uri) { writeClaims(of: event, to: &$0) }
        }
    }

    private static func writeClaims(of event: Event, to json: inout JSONWriter) {
        json.member("event_timestamp", Int((event.session?.ending?.at ?? event.at).milliseconds / 1000))
        json.member("initiating_entity", event.kind.initiator)
        switch (event.kind, event.session, event.detail) {
        case (.created, let session?, _), (.reauthenticated, let session?, _), (.transferred, let session?, _):
            json.member("acr", String(session.assurance.level(at: event.at)))
            json.member("amr", session.assurance.methods(at: event.at))
        case (.elevated, let session?, .previousLevel(let previous)):
            let level = session.assurance.level(at: event.at)
            json.member("namespace", "sojourn")
            json.member("current_level", String(level))
            json.member("previous_level", String(previous))
            json.member("change_direction", level > previous ? "increase" : nil)
        case (.suspicious, _, .contextChange(let change)):
            json.member("principal", "SESSION")
            json.member("current_level", change.reaction == .elevate ? "MEDIUM" : "HIGH")
            json.member("risk_reason", change.changed.map(\.rawValue).joined(separator: ", "))
        case (.factorEnrolled, _, _), (.factorRemoved, _, _):
            json.member("credential_type", "app")
            json.member("change_type", event.kind == .factorEnrolled ? "create" : "delete")
        default: break
        }
    }
}

extension Event.Kind {
    fileprivate var caep: StaticString? {
        switch self {
        case .created, .reauthenticated, .transferred:
            "https://schemas.openid.net/secevent/caep/event-type/session-established"
        case .refreshed: "https://schemas.openid.net/secevent/caep/event-type/session-presented"
        case .elevated: "https://schemas.openid.net/secevent/caep/event-type/assurance-level-change"
        case .revoked, .expired, .evicted: "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
        case .suspicious: "https://schemas.openid.net/secevent/caep/event-type/risk-level-change"
        case .factorEnrolled, .factorRemoved:
            "https://schemas.openid.net/secevent/caep/event-type/credential-change"
        case .updated, .locked, .unlocked, .limitReached, .contextChanged, .tokenReused, .subjectDisabled,
            .subjectEnabled, .factorRejected:
            nil
        }
    }

    /// Who initiated the event, in CAEP's terms, if its kind alone tells.
    fileprivate var initiator: String? {
        switch self {
        case .created, .refreshed, .elevated, .reauthenticated, .transferred: "user"
        case .expired, .evicted, .suspicious: "policy"
        case .updated, .locked, .unlocked, .revoked, .limitReached, .contextChanged, .tokenReused, .subjectDisabled,
            .subjectEnabled, .factorEnrolled, .factorRemoved, .factorRejected:
            nil
        }
    }
}
