package import SessionCore

/// How far the sweep has come with the mass revocations that stand.
package struct RevocationProgress: Equatable, Sendable {
    /// How long after a mass revocation something may be stored that was decided without having seen it, with a margin: both
    /// it and that are at most so old when they are stored.
    static let settlingMilliseconds = 2 * Commit.maxAgeMilliseconds + 2000

    /// The store's clock.
    package let now: Timestamp
    package let standing: StandingRevocations
    /// When the last walk through each partition began that came to its end.
    private let walks: [Partition: Timestamp]

    package init(now: Timestamp, standing: StandingRevocations, walks: [Partition: Timestamp]) {
        self.now = now
        self.standing = standing
        self.walks = walks
    }

    /// The partitions to walk through: at once where a mass revocation is new, and once more where that was so soon behind
    /// it that something may have come in unseen. Of a large installation few are walked through twice: the first walk
    /// takes longer than anything may be under way.
    package var outstanding: [Partition] {
        Partition.all.filter { partition in
            guard let walk = walks[partition] else { return true }
            return standing.all.contains { revocation in
                revocation.at > walk || (isSettled(revocation, by: now) && !isSettled(revocation, by: walk))
            }
        }
    }

    /// Until when mass revocations are carried out in every partition; `nil` where none that stands is.
    package var carriedOut: Timestamp? {
        let walks = Partition.all.map { self.walks[$0] ?? Timestamp(milliseconds: 0) }
        guard let earliest = walks.min() else { return nil }
        return standing.all.last { isSettled($0, by: earliest) }?.at
    }

    private func isSettled(_ revocation: MassRevocation, by moment: Timestamp) -> Bool {
        moment.milliseconds - Self.settlingMilliseconds >= revocation.at.milliseconds
    }
}

/// Some of those who have sessions in a partition.
package struct SubjectPage: Sendable {
    /// The store's clock, before it looked.
    package let now: Timestamp
    /// Each once.
    package let subjects: [SubjectHandle]
    /// Where the next page begins; `nil` behind the last.
    package let next: String?

    package init(now: Timestamp, subjects: [SubjectHandle], next: String?) {
        self.now = now
        self.subjects = subjects
        self.next = next
    }
}
