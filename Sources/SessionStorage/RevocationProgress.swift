package import SessionCore

/// How far the sweep has carried out the mass revocations in force.
package struct RevocationProgress: Equatable, Sendable {
    /// How long after a mass revocation a change decided without knowledge of it may still be stored: both are at most
    /// `maxAgeMilliseconds` old when stored. Includes a margin.
    static let settlingMilliseconds = 2 * Commit.maxAgeMilliseconds + 2000

    /// The store's clock.
    package let now: Timestamp
    package let standing: StandingRevocations
    /// When the last complete walk through each partition began.
    private let walks: [Partition: Timestamp]

    package init(now: Timestamp, standing: StandingRevocations, walks: [Partition: Timestamp]) {
        self.now = now
        self.standing = standing
        self.walks = walks
    }

    /// The partitions still to be walked: at once after a new mass revocation, and a second time if the first walk
    /// began so soon that a change may have been stored without knowledge of the revocation. In a large installation
    /// few partitions need the second walk: the first takes longer than anything can be in flight.
    package var outstanding: [Partition] {
        Partition.all.filter { partition in
            guard let walk = walks[partition] else { return true }
            return standing.all.contains { revocation in
                revocation.at > walk || (isSettled(revocation, by: now) && !isSettled(revocation, by: walk))
            }
        }
    }

    /// The time up to which mass revocations are carried out in every partition; `nil` if none in force is.
    package var carriedOut: Timestamp? {
        let walks = Partition.all.map { self.walks[$0] ?? Timestamp(milliseconds: 0) }
        guard let earliest = walks.min() else { return nil }
        return standing.all.last { isSettled($0, by: earliest) }?.at
    }

    private func isSettled(_ revocation: MassRevocation, by moment: Timestamp) -> Bool {
        moment.milliseconds - Self.settlingMilliseconds >= revocation.at.milliseconds
    }
}

/// A page of the subjects that have sessions in a partition.
package struct SubjectPage: Sendable {
    /// The store's clock before it read the page.
    package let now: Timestamp
    /// Without duplicates.
    package let subjects: [SubjectHandle]
    /// Where the next page begins; `nil` after the last page.
    package let next: String?

    package init(now: Timestamp, subjects: [SubjectHandle], next: String?) {
        self.now = now
        self.subjects = subjects
        self.next = next
    }
}
