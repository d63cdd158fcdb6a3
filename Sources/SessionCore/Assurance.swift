/// How sure we may be of a session's user, and until when (contract §3).
package struct Assurance: Hashable, Sendable {
    /// What `session.elevate` added, for a while.
    package struct Elevation: Hashable, Sendable {
        package let methods: [ExactText]
        package let until: Timestamp

        package init(methods: [ExactText], until: Timestamp) {
            self.methods = methods
            self.until = until
        }
    }

    /// The most that a child may have: what its parent had when it began, and what that decays to.
    package struct Ceiling: Hashable, Sendable {
        package let level: Int
        package let until: Timestamp?
        package let laterLevel: Int

        package init(level: Int, until: Timestamp?, laterLevel: Int) {
            self.level = level
            self.until = until
            self.laterLevel = laterLevel
        }

        func level(at now: Timestamp) -> Int {
            if let until, now >= until { laterLevel } else { level }
        }
    }

    /// More at once nobody has use for; the oldest go.
    private static let maxElevations = 8

    /// `amr` values (RFC 8176) of the authentication that the session rests on.
    package var methods: [ExactText]
    /// Each decays by itself, oldest first.
    package var elevations: [Elevation]
    package var ceiling: Ceiling?

    package init(methods: [ExactText] = [], elevations: [Elevation] = [], ceiling: Ceiling? = nil) {
        self.methods = methods
        self.elevations = elevations
        self.ceiling = ceiling
    }

    /// The methods that count at a moment, in the order in which they were shown.
    package func methods(at now: Timestamp) -> [ExactText] {
        if elevations.isEmpty { return methods }
        var all = methods
        for elevation in elevations where now < elevation.until {
            all += elevation.methods.filter { !all.contains($0) }
        }
        return all
    }

    /// With more methods of the authentication that the session rests on.
    func showing(_ more: [ExactText]) -> Assurance {
        var shown = self
        shown.methods += more.filter { !methods.contains($0) }
        return shown
    }

    /// Adds methods that were just shown. Of those before, what has decayed goes, and what is shown again.
    mutating func elevate(by methods: [ExactText], until: Timestamp, at now: Timestamp) {
        elevations.removeAll { $0.until <= now || ($0.until <= until && $0.methods.allSatisfy(methods.contains)) }
        elevations = elevations.suffix(Self.maxElevations - 1) + [Elevation(methods: methods, until: until)]
    }

    /// The level at a moment, 1…3.
    package func level(at now: Timestamp) -> Int {
        let level = AssuranceLevel.of(methods: methods(at: now))
        guard let ceiling else { return level }
        return min(level, ceiling.level(at: now))
    }

    /// What a child that begins or is elevated now may have at most. Of several things that decay the first counts: a
    /// child may be lower than its parent, never higher.
    func ceilingForChild(at now: Timestamp) -> Ceiling {
        let ends = (elevations.map(\.until) + [ceiling?.until].compactMap(\.self)).filter { $0 > now }
        guard let first = ends.min(), let last = ends.max() else {
            return Ceiling(level: level(at: now), until: nil, laterLevel: level(at: now))
        }
        return Ceiling(level: level(at: now), until: first, laterLevel: level(at: last))
    }
}
