import SessionContract
import SessionCore

/// What a consumer of one subject's events can conclude (contract §7): sessions begin once and end once.
struct SubjectHistory {
    private(set) var faults: [String] = []
    private var living: Set<String> = []
    private var locked: Set<String> = []

    mutating func follow(_ event: StoredCommit.Event) {
        guard case .object(let body)? = try? JSONReader.read(event.body) else {
            return faults.append("\(event.id) is not a JSON object")
        }
        guard body.text("id") == event.id, body.text("sequence") == String(event.sequence) else {
            return faults.append("\(event.id) states another id or sequence")
        }
        let type = body.text("type") ?? ""
        guard let session = body.text("data", "sessionId") else { return }
        switch type {
        case "session.created", "session.transferred":
            if !living.insert(session).inserted { faults.append("\(session) began twice") }
        case "session.revoked", "session.expired", "session.evicted":
            if living.remove(session) == nil { faults.append("\(session) ended twice") }
            locked.remove(session)
        case "session.reauthenticated":
            if locked.contains(session) { faults.append("\(session) authenticated again while locked") }
            living.insert(session)
        case "session.locked":
            if !living.contains(session) || !locked.insert(session).inserted {
                faults.append("\(session) could not be locked")
            }
        case "session.unlocked":
            if locked.remove(session) == nil { faults.append("\(session) was not locked") }
        case "session.suspicious", "session.token.reused": break
        default:
            if !living.contains(session) { faults.append("\(type) for \(session), which has ended") }
        }
    }
}

extension JSONObject {
    /// The text at this path of keys.
    func text(_ keys: String...) -> String? {
        if case .string(let text)? = value(keys) { return text }
        return nil
    }

    func value(_ keys: [String]) -> JSONValue? {
        var value = JSONValue.object(self)
        for key in keys {
            guard case .object(let object) = value, let next = object[key] else { return nil }
            value = next
        }
        return value
    }

    func texts(_ keys: String...) -> [String] {
        guard case .array(let values)? = value(keys) else { return [] }
        return values.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }
}
