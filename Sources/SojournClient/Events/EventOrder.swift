import DequeModule

/// Which events have arrived, as far as it is remembered: the last ids, and the last position of each subject.
package struct EventOrder: Sendable {
    /// Of ids, and of subjects.
    private let limit: Int
    /// Whether every event of a subject arrives, so that a gap means something.
    private let isComplete: Bool
    private var ids: Set<String> = []
    private var oldestID = Deque<String>()
    private var last: [String: UInt64] = [:]
    private var oldestSubject = Deque<String>()

    package init(limit: Int = 10_000, isComplete: Bool) {
        self.limit = limit
        self.isComplete = isComplete
    }

    /// Notes an event.
    ///
    /// - Returns: the event, with what was missed before it; `nil` if it has arrived before.
    package mutating func note(_ event: SessionEvent) -> SessionEvent? {
        guard ids.insert(event.id).inserted else { return nil }
        oldestID.append(event.id)
        if oldestID.count > limit { ids.remove(oldestID.removeFirst()) }
        guard isComplete else { return event }
        var event = event
        let last = last[event.partitionKey]
        event.missed = last.flatMap { event.sequence > $0 ? event.sequence - $0 - 1 : nil }
        remember(max(event.sequence, last ?? 0), of: event.partitionKey, isNew: last == nil)
        return event
    }

    private mutating func remember(_ sequence: UInt64, of subject: String, isNew: Bool) {
        last[subject] = sequence
        guard isNew else { return }
        oldestSubject.append(subject)
        if oldestSubject.count > limit { last[oldestSubject.removeFirst()] = nil }
    }
}
