import SessionCore

extension Aggregate {
    /// Whether nothing of it has to be remembered but the number of its last event.
    var isForgettable: Bool {
        sessions.isEmpty && policies.isEmpty && revocations.isEmpty && subject?.outlastsSessions != true
    }
}
