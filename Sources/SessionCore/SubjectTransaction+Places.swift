// The positions of sessions in lists.
extension SubjectTransaction {
    /// The position of a session, which does not change during its life.
    func place(of session: Session) -> ListPlace {
        ListPlace(line: line(of: session), own: .init(of: session))
    }

    /// The line to store with a session whose position can no longer be derived from the tree. Empty if it would be too
    /// long: then the session takes a new position.
    func keptLine(of session: Session) -> [ListPlace.Step] {
        let line = line(of: session)
        return line.count <= ListPlace.maxKeptSteps ? line : []
    }

    /// `session` under another parent, or as a root, in its present position. If it takes a new position, so do its
    /// descendants.
    mutating func moved(_ session: Session, to parent: SessionID?) -> Session {
        var moved = session
        moved.parentID = parent
        moved.line = []
        if line(of: moved) == line(of: session) { return moved }
        moved.line = keptLine(of: session)
        if moved.line.isEmpty {
            for var member in tree(from: session).dropFirst() where !member.line.isEmpty {
                member.line = []
                update(member)
            }
        }
        return moved
    }

    private func line(of session: Session) -> [ListPlace.Step] {
        var below: [ListPlace.Step] = []
        for member in [session] + ancestors(of: session).compactMap({ aggregate.sessions[$0] }) {
            guard member.line.isEmpty else { return member.line + below.reversed() }
            below.append(.init(of: member))
        }
        return below.reversed()
    }
}
