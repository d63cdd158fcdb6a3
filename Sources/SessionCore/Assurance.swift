/// The assurance level of a session's user, and how long it lasts (contract §3).
package struct Assurance: Hashable, Sendable {
    /// Methods that `session.elevate` added for a limited time.
    package struct Elevation: Hashable, Sendable {
        package let methods: [ExactText]
        package let until: Timestamp

        package init(methods: [ExactText], until: Timestamp) {
            self.methods = methods
            self.until = until
        }
    }

    /// The highest level that a child may have: its parent's level when it began, and how long the parent keeps that
    /// level.
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

    /// Upper bound that no real use reaches; the oldest elevations are dropped.
    private static let maxElevations = 8

    /// `amr` values (RFC 8176) of the session's primary authentication.
    package var methods: [ExactText]
    /// Each expires separately; oldest first.
    package var elevations: [Elevation]
    package var ceiling: Ceiling?

    package init(methods: [ExactText] = [], elevations: [Elevation] = [], ceiling: Ceiling? = nil) {
        self.methods = methods
        self.elevations = elevations
        self.ceiling = ceiling
    }

    /// The methods that count at `now`, in the order in which they were shown.
    package func methods(at now: Timestamp) -> [ExactText] {
        if elevations.isEmpty { return methods }
        var all = methods
        for elevation in elevations where now < elevation.until {
            all += elevation.methods.filter { !all.contains($0) }
        }
        return all
    }

    /// Adds methods to the primary authentication.
    func showing(_ more: [ExactText]) -> Assurance {
        var shown = self
        shown.methods += more.filter { !methods.contains($0) }
        return shown
    }

    /// Adds methods that were just shown. Drops elevations that have expired, and those that the new one covers.
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

    /// The ceiling for a child that begins or is elevated now. If several things expire, the first one counts: a child
    /// may be lower than its parent, never higher.
    func ceilingForChild(at now: Timestamp) -> Ceiling {
        let ends = (elevations.map(\.until) + [ceiling?.until].compactMap(\.self)).filter { $0 > now }
        guard let first = ends.min(), let last = ends.max() else {
            return Ceiling(level: level(at: now), until: nil, laterLevel: level(at: now))
        }
        return Ceiling(level: level(at: now), until: first, laterLevel: level(at: last))
    }
}
