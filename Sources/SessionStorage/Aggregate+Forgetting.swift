import SessionCore

extension Aggregate {
    /// Whether the aggregate holds no state worth keeping except the number of its last event.
    var isForgettable: Bool {
        sessions.isEmpty && policies.isEmpty && revocations.isEmpty && subject?.outlastsSessions != true
    }
}
