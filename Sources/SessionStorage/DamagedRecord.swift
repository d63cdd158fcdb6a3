package import SessionCore

/// A record that cannot be read.
package struct DamagedRecord: Error, Equatable, Sendable {
    package enum Kind: Sendable {
        /// Nobody can: it was altered.
        case altered
        /// It is sealed with a key that this keyring does not have (yet).
        case keyUnknown
        /// Its content is not what this version writes, but it is sealed with a key of the keyring.
        case laterVersion
    }

    /// The key in the store.
    package let key: String
    package let reason: String
    package let kind: Kind

    package init(key: String, reason: String, _ kind: Kind = .altered) {
        self.key = key
        self.reason = reason
        self.kind = kind
    }

    /// Whether the record is sealed with a key that this keyring does not have (yet).
    package var isKeyUnknown: Bool { kind == .keyUnknown }

    /// Whether it can be read with a later keyring, or by a later version.
    package var mayBecomeReadable: Bool { kind != .altered }
}

extension StoreError {
    /// The request needs a damaged record.
    package init(_ damage: DamagedRecord) {
        let cause: Cause =
            switch damage.kind {
            case .altered: .refused
            case .keyUnknown: .keyUnknown
            case .laterVersion: .laterVersion
            }
        self.init("the record \(damage.key) cannot be read: \(damage.reason)", cause, mayHaveHappened: false)
    }
}

/// Damaged records around an aggregate. They fail only the commands that need them.
package struct PartialDamage: Sendable {
    /// Damaged results or claims of messages.
    package var messages: [MessageKey: DamagedRecord] = [:]
    /// Damaged sessions, where single sessions were loaded.
    package var sessions: [SessionID: DamagedRecord] = [:]
    /// Damaged activity logs of sessions.
    package var activity: [SessionID: DamagedRecord] = [:]

    package var isEmpty: Bool { messages.isEmpty && sessions.isEmpty && activity.isEmpty }

    /// The damage that prevents a command from being carried out, if any.
    package func damage(of message: MessageKey?, scope: AggregateScope, activityOf: SessionID?) -> DamagedRecord? {
        if let message, let damage = messages[message] { return damage }
        if let activityOf, let damage = activity[activityOf] { return damage }
        switch scope {
        case .whole: return nil
        case .sessions(let ids): return ids.lazy.compactMap { sessions[$0] }.first
        }
    }

    var isKeyUnknown: Bool {
        messages.values.contains(where: \.isKeyUnknown) || sessions.values.contains(where: \.isKeyUnknown)
            || activity.values.contains(where: \.isKeyUnknown)
    }
}
