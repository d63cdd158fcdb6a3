/// A session's position in its subject's list: after its parent, siblings oldest first.
///
/// It never changes, so a list can be read in pages while sessions begin, end and move: a page resumes after a
/// position.
package struct ListPlace: Hashable, Sendable {
    /// One session's part of a position.
    package struct Step: Hashable, Sendable {
        package let createdAt: Timestamp
        /// The part of its id that distinguishes it within the subject.
        package let own: String

        package init(createdAt: Timestamp, own: String) {
            self.createdAt = createdAt
            self.own = own
        }

        package init(of session: Session) {
            self.init(createdAt: session.createdAt, own: session.id.own)
        }
    }

    /// The most steps that are stored with a session: a root, plus the levels that a policy may allow below it.
    package static let maxKeptSteps = 33
    /// The most steps of any position: a stored line, plus as many levels below that session.
    package static let maxSteps = 2 * maxKeptSteps

    /// The steps of its ancestors, root first, including those that have ended or moved since.
    package let line: [Step]
    /// The session's own step. A successor has its predecessor's line.
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

/// Part of a subject's sessions, from a position on.
package struct SessionPage: Sendable {
    /// In the order of their positions.
    package let sessions: [Session]
    private let places: [ListPlace]
    /// Whether no sessions follow.
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

    /// The cursor of the next page if only the first `count` sessions of this one are returned; `nil` if this is the
    /// last page.
    package func next(after count: Int) -> String? {
        guard count > 0, count < sessions.count || !isLast else { return nil }
        return tokens.cursor(behind: places[count - 1], of: handle)
    }
}
