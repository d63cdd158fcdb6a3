// Where sessions stand in lists.
extension SubjectTransaction {
    /// The place of a session, which it has as long as it lives.
    func place(of session: Session) -> ListPlace {
        ListPlace(line: line(of: session), own: .init(of: session))
    }

    /// The line to keep with a session whose place may not follow from the tree any more; empty where it is too long: then
    /// the session takes a new place.
    func keptLine(of session: Session) -> [ListPlace.Step] {
        let line = line(of: session)
        return line.count <= ListPlace.maxKeptSteps ? line : []
    }

    /// `session` below another parent, or none, in the place that it has. Where it takes a new one, so do those below it.
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
