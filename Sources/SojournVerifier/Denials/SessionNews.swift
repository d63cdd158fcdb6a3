import FoundationEssentials
import StrictFormats

/// An event that changes which access tokens are good, as read from its message (contract §7).
struct SessionNews: Equatable {
    /// The routing keys of these events.
    static let types = [
        "session.revoked", "session.expired", "session.evicted", "session.locked", "session.unlocked",
        "session.elevated", "session.reauthenticated", "subject.disabled", "subject.enabled",
    ]

    enum Change: Equatable {
        case denied(Denial.Cause)
        case allowed
        /// Tokens of earlier generations were replaced; `nil` if the event does not say which generation this is.
        case replaced(Int64?)
    }

    let key: DenialKey
    let change: Change
    /// The position among the events of the subject.
    let sequence: UInt64
    let at: UnixTime
    /// When the last access token that it is about has expired; `nil` if the event does not say.
    let tokensExpireAt: UnixTime?
}

extension SessionNews {
    /// The largest event that is read, in bytes. A worker's largest have a few kilobytes.
    static let maximumLength = 64 << 10

    enum Reading: Equatable {
        case news(SessionNews)
        /// An event of a type that changes nothing here.
        case irrelevant
        /// Nobody knows what it said.
        case unreadable
    }

    static func read(_ body: [UInt8]) -> Reading {
        guard body.count <= maximumLength, let event = try? JSONReader.read(body, maximumDepth: 16).object,
            let type = event.text("type")
        else { return .unreadable }
        guard types.contains(type) else { return .irrelevant }
        guard let data = event.object("data"), let at = event.text("time").flatMap(UnixTime.init(rfc3339:)),
            let sequence = event.text("sequence").flatMap({ UInt64($0) }), let key = key(of: type, data),
            let change = change(of: type, data), let expiry = expiry(of: type, data, at: at)
        else { return .unreadable }
        return .news(SessionNews(key: key, change: change, sequence: sequence, at: at, tokensExpireAt: expiry))
    }

    private static func key(of type: String, _ data: JSONObject) -> DenialKey? {
        if type.beginsExactly(with: "session.") { return data.text("sessionId").map(DenialKey.init(session:)) }
        guard let tenant = data.text("tenant"), let subject = data.text("subject") else { return nil }
        return DenialKey(tenant: tenant, subject: subject)
    }

    private static func change(of type: String, _ data: JSONObject) -> Change? {
        switch type {
        case "session.revoked", "session.evicted": .denied(.revoked)
        case "session.expired":
            switch data.text("reason") {
            case "expired_idle": .denied(.expiredIdle)
            case "expired_pending": .denied(.expiredPending)
            case nil: nil
            default: .denied(.expiredAbsolute)
            }
        case "session.locked": .denied(.locked)
        case "subject.disabled": .denied(.subjectDisabled)
        case "session.unlocked", "subject.enabled": .allowed
        case "session.elevated", "session.reauthenticated": .replaced(data.integer("generation"))
        default: nil
        }
    }

    /// `nil` if it cannot be read; `.some(nil)` if the event does not say.
    private static func expiry(of type: String, _ data: JSONObject, at: UnixTime) -> UnixTime?? {
        guard let value = data["accessTokensExpireAt"] else {
            // No access token of the session can still be valid (schemas/common.json). That is how most sessions expire, and
            // nothing has to be remembered of them.
            return type.beginsExactly(with: "session.") ? .some(at) : .some(nil)
        }
        return value.text.flatMap(UnixTime.init(rfc3339:)).map { .some($0) }
    }
}

extension UnixTime {
    /// - Parameter text: with milliseconds, as the contract has it, or without.
    init?(rfc3339 text: String) {
        // The style ignores what follows.
        guard
            ["2026-11-20T22:00:00Z", "2026-11-20T22:00:00.000Z"].contains(where: { $0.utf8.count == text.utf8.count }),
            text.utf8.last == UInt8(ascii: "Z"),
            let date = try? Date(
                text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))),
            (0...Double(Self.latest)).contains(date.timeIntervalSince1970)
        else { return nil }
        self.init(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }
}
