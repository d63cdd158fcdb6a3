import SessionCore

/// The `data` of each command's result (contract §3).
extension ResultWriter {
    /// The most that a list of sessions or activity takes up in a result, in bytes of JSON (contract §3).
    package static let maxListBytes = 1 << 20

    /// Writes what everyone may see.
    ///
    /// - Parameter secretsPlace: is set to where the members in the caller's reply go that nobody else may see, if there
    ///   are any.
    static func write(
        _ data: ResultData, at now: Timestamp, to json: inout JSONWriter, secretsPlace: inout JSONWriter.Place?
    ) {
        switch data {
        case .created(let session, tokens: _, let evicted, let challenge):
            json.member("session", session, at: now)
            secretsPlace = json.place
            json.member("evicted", evicted.map(\.text))
            if let challenge { json.object("challenge") { write(challenge, to: &$0) } }
        case .validated(let validation): write(validation, at: now, to: &json)
        case .issued(let session, tokens: _):
            json.member("session", session, at: now)
            secretsPlace = json.place
        case .session(let session):
            json.member("session", session, at: now)
        case .sessions(let page):
            let count = json.array("sessions", of: page.sessions, maxBytes: maxListBytes) { json, session in
                json.object { $0.members(of: session, at: now) }
            }
            json.member("next", page.next(after: count))
        case .switched(let ids): json.member("sessions", ids.map(\.text))
        case .revoked(let ids):
            json.member("revoked", ids.map(\.text))
            json.member("count", ids.count)
        case .massRevocation(let count):
            json.member("revoked", [])
            json.member("count", count)
            json.member("pending", true)
        case .disabled(let ids): json.member("revoked", ids.map(\.text))
        case .ticket(_, let expiresAt):
            secretsPlace = json.place
            json.member("expiresAt", expiresAt)
        case .activity(let entries):
            let count = json.array("entries", of: entries, maxBytes: maxListBytes) { json, entry in
                json.object { write(entry, to: &$0) }
            }
            if count < entries.count { json.member("truncated", true) }
        case .enrolled(let enrolment):
            json.member("factorId", enrolment.factorID)
            secretsPlace = json.place
        case .factor(let factor): json.object("factor") { $0.members(of: factor) }
        case .factors(let factors):
            json.array("factors") { json in
                for factor in factors { json.object { $0.members(of: factor) } }
            }
        case .policy(let name, let policy): write(policy, named: name, to: &json)
        case .policyRemoved(let name, let policy):
            json.member("name", name)
            if let policy { json.object("policy") { $0.members(of: policy) } }
        case .policies(let policies):
            json.array("policies") { json in
                for (name, policy) in policies { json.object { write(policy, named: name, to: &$0) } }
            }
        case .annotated(let data, let annotations):
            write(data, at: now, to: &json, secretsPlace: &secretsPlace)
            json.object("annotations") { json in
                for (key, text) in annotations.sorted(by: { $0.key < $1.key }) {
                    json.key(text: key)
                    json.string(text)
                }
            }
        case .expired: preconditionFailure("the sweep's commands have no result")
        }
    }

    /// Writes what only the caller may see.
    static func writeSecrets(of data: ResultData, to json: inout JSONWriter) {
        switch data {
        case .created(_, let tokens, _, _), .issued(_, let tokens): json.object("tokens") { $0.members(of: tokens) }
        case .ticket(let ticket, _): json.member("ticket", ticket.exposed)
        case .enrolled(let enrolment):
            json.member("secret", enrolment.secret.exposed)
            json.member("uri", enrolment.uri.exposed)
            json.member("recoveryCodes", enrolment.recoveryCodes.map(\.exposed))
        case .annotated(let data, annotations: _): writeSecrets(of: data, to: &json)
        case .validated, .session, .sessions, .switched, .revoked, .massRevocation, .disabled, .activity, .factor,
            .factors, .policy, .policyRemoved, .policies, .expired:
            break
        }
    }

    private static func write(_ validation: borrowing Validation, at now: Timestamp, to json: inout JSONWriter) {
        switch validation {
        case .valid(let session):
            json.member("valid", true)
            json.member("session", session, at: now)
        case .invalid(let reason, let session, let remedy):
            json.member("valid", false)
            json.member("reason", reason.rawValue)
            if let session { json.member("session", session, at: now) }
            json.member("remedy", remedy?.rawValue)
        }
    }

    private static func write(_ challenge: Challenge, to json: inout JSONWriter) {
        json.member("reason", challenge.reason.rawValue)
        json.member("methods", challenge.methods)
        json.member("expiresAt", challenge.expiresAt)
    }

    private static func write(_ entry: ActivityEntry, to json: inout JSONWriter) {
        json.member("at", entry.at)
        json.member("action", entry.action)
        json.member("detail", entry.detail)
    }

    private static func write(_ policy: SessionPolicy, named name: ExactText, to json: inout JSONWriter) {
        json.member("name", name)
        json.object("policy") { $0.members(of: policy) }
    }
}
