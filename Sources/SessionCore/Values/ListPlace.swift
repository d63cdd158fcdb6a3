/// Where a session stands when its subject's are listed: behind its parent, siblings oldest first.
///
/// A place lasts as long as its session, so that a list can be told in pages while sessions come, end and move: what was
/// told is before a place, and what was not is behind it.
package struct ListPlace: Hashable, Sendable {
    /// What one session adds to the places of those below it.
    package struct Step: Hashable, Sendable {
        package let createdAt: Timestamp
        /// The own part of its id.
        package let own: String

        package init(createdAt: Timestamp, own: String) {
            self.createdAt = createdAt
            self.own = own
        }

        package init(of session: Session) {
            self.init(createdAt: session.createdAt, own: session.id.own)
        }
    }

    /// The most steps of a line that is kept with a session: a root and the levels that a policy may allow below one.
    package static let maxKeptSteps = 33
    /// The most steps of any: below what kept its line, as many levels again.
    package static let maxSteps = 2 * maxKeptSteps

    /// From a root down. It begins with the parent's, whatever became of those that once were between.
    package let line: [Step]
    /// The session's own: one that succeeded another has the line of that.
    package let own: Step

    package init(line: [Step], own: Step) {
        self.line = line
        self.own = own
    }
}

extension ListPlace.Step: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.createdAt, left.own) < (right.createdAt, right.own)
    }
}

extension ListPlace: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        if left.line == right.line { return left.own < right.own }
        return left.line.lexicographicallyPrecedes(right.line)
    }
}

/// Some of a subject's sessions, told from a place on.
package struct SessionPage: Sendable {
    /// In the order of their places.
    package let sessions: [Session]
    private let places: [ListPlace]
    /// Whether none comes behind these.
    private let isLast: Bool
    private let handle: SubjectHandle
    private let tokens: any TokenScheme

    init(
        _ sessions: [(session: Session, place: ListPlace)], isLast: Bool, handle: SubjectHandle,
        tokens: any TokenScheme
    ) {
        self.sessions = sessions.map(\.session)
        places = sessions.map(\.place)
        self.isLast = isLast
        self.handle = handle
        self.tokens = tokens
    }

    /// What the next page is asked for with, if only the first `count` of these are told; `nil` where there is none.
    package func next(after count: Int) -> String? {
        guard count > 0, count < sessions.count || !isLast else { return nil }
        return tokens.cursor(behind: places[count - 1], of: handle)
    }
}
