public import FoundationEssentials

/// Something that happened to a session or a subject (contract §7).
public struct SessionEvent: Hashable, Sendable, Identifiable {
    /// Stable: the same event published twice has the same id.
    public let id: String
    /// What happened.
    public let type: EventType
    /// When it happened, by the clock of Redis.
    public let time: Date
    /// The tenant of the subject.
    public let tenant: String
    /// The user.
    public let subject: String
    /// `nil` if it is not about one session.
    public let sessionID: String?
    /// Why it happened: of a session that has ended, its `endReason`.
    public let reason: String?
    /// Who acts, or acted, on the subject's behalf.
    public let actor: String?
    /// The session that it is a child of.
    public let parentID: String?
    /// The session's device.
    public let device: Device?
    /// The context that the session last accepted.
    public let context: Context?
    /// The level after this event, if it may have changed.
    public let level: Int?
    /// The methods after this event, if they may have changed.
    public let methods: [String]?
    /// When the last access token of the session expires; `nil` if none can still be valid.
    public let accessTokensExpireAt: Date?
    /// One opaque value for each tenant and subject.
    public let partitionKey: String
    /// Its position among the events of its tenant and subject, from 1.
    public let sequence: UInt64
    /// The W3C trace context of its cause.
    public let traceparent: String?
    /// How many events of the same tenant and subject before it have not arrived: they were lost, or are late. `nil` if that
    /// is not known: it is the first that arrives of its subject, it is late itself, or the subscription has only some of the events.
    public internal(set) var missed: UInt64?
    /// The whole event: a CloudEvent in JSON.
    public let json: [UInt8]
}

extension SessionEvent {
    private struct Envelope: Decodable {
        struct Facts: Decodable {
            let sessionId: String?
            let tenant: String
            let subject: String
            let reason: String?
            let actor: String?
            let parentId: String?
            let device: Device?
            let context: Context?
            let level: Int?
            let methods: [String]?
            let accessTokensExpireAt: Date?
        }

        let specversion: String
        let id: String
        let type: EventType
        let time: Date
        let partitionkey: String
        let sequence: String
        let traceparent: String?
        let data: Facts
    }

    /// In bytes, of what is kept of each event: its id, and its partition key.
    private static let nameBytes = 256

    /// Reads a CloudEvent. `nil` if it is none of Sojourn's.
    package init?(json: [UInt8]) {
        guard let event = try? WireJSON.decode(Envelope.self, from: json), event.specversion == "1.0",
            let sequence = UInt64(event.sequence), sequence > 0,
            (1...Self.nameBytes).contains(event.id.utf8.count),
            (1...Self.nameBytes).contains(event.partitionkey.utf8.count)
        else { return nil }
        id = event.id
        type = event.type
        time = event.time
        tenant = event.data.tenant
        subject = event.data.subject
        sessionID = event.data.sessionId
        reason = event.data.reason
        actor = event.data.actor
        parentID = event.data.parentId
        device = event.data.device
        context = event.data.context
        level = event.data.level
        methods = event.data.methods
        accessTokensExpireAt = event.data.accessTokensExpireAt
        partitionKey = event.partitionkey
        self.sequence = sequence
        traceparent = event.traceparent
        self.json = json
    }
}

/// The type of an event.
public struct EventType: ContractWord {
    /// A session has begun.
    public static let sessionCreated = EventType(rawValue: "session.created")
    /// A refresh token was exchanged.
    public static let sessionRefreshed = EventType(rawValue: "session.refreshed")
    /// The level of a session was raised.
    public static let sessionElevated = EventType(rawValue: "session.elevated")
    /// The user has authenticated again.
    public static let sessionReauthenticated = EventType(rawValue: "session.reauthenticated")
    /// Attributes, device or context of a session were changed.
    public static let sessionUpdated = EventType(rawValue: "session.updated")
    /// A session has moved to another device.
    public static let sessionTransferred = EventType(rawValue: "session.transferred")
    /// A session was locked.
    public static let sessionLocked = EventType(rawValue: "session.locked")
    /// A session was unlocked.
    public static let sessionUnlocked = EventType(rawValue: "session.unlocked")
    /// A session was ended: by a logout, for instance.
    public static let sessionRevoked = EventType(rawValue: "session.revoked")
    /// A session's time was up.
    public static let sessionExpired = EventType(rawValue: "session.expired")
    /// A session has ended to make room for another.
    public static let sessionEvicted = EventType(rawValue: "session.evicted")
    /// A subject had as many sessions as the policy allows when another should begin.
    public static let sessionLimitReached = EventType(rawValue: "session.limit.reached")
    /// A session was used from elsewhere, and the policy has this noted.
    public static let sessionContextChanged = EventType(rawValue: "session.context.changed")
    /// A session was used from elsewhere, and the policy does not accept that.
    public static let sessionSuspicious = EventType(rawValue: "session.suspicious")
    /// An older refresh token was used again: somebody has a copy.
    public static let sessionTokenReused = EventType(rawValue: "session.token.reused")
    /// A subject was disabled, and all its sessions have ended.
    public static let subjectDisabled = EventType(rawValue: "subject.disabled")
    /// A subject may have sessions again.
    public static let subjectEnabled = EventType(rawValue: "subject.enabled")
    /// A factor was confirmed, and counts from now on.
    public static let factorEnrolled = EventType(rawValue: "factor.enrolled")
    /// A factor was removed.
    public static let factorRemoved = EventType(rawValue: "factor.removed")
    /// A code was wrong.
    public static let factorRejected = EventType(rawValue: "factor.rejected")

    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
}
