/// How long to wait before the next attempt: exponential, with full jitter.
///
/// Each wait is drawn uniformly from zero to a ceiling that doubles with every attempt. Drawing from the whole range,
/// not from a band near the ceiling, keeps many workers that lost the same server from reconnecting in step (Brooker,
/// "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
package struct Backoff: Sendable, Equatable {
    /// The ceiling of the first wait.
    package let initial: Duration
    /// The ceiling never exceeds this.
    package let maximum: Duration
    /// How many times the ceiling was doubled since the start or the last ``reset()``.
    package private(set) var doublings = 0

    /// - Parameter maximum: by default 1 s, so that a server is in use again within two seconds of its return. An
    ///   attempt that is refused costs neither side anything worth a longer wait.
    /// - Precondition: `0 < initial ≤ maximum`.
    package init(initial: Duration = .milliseconds(100), maximum: Duration = .seconds(1)) {
        precondition(initial > .zero && initial <= maximum, "backoff needs 0 < initial ≤ maximum")
        self.initial = initial
        self.maximum = maximum
    }

    /// The longest possible next wait.
    package var ceiling: Duration {
        var ceiling = initial
        for _ in 0..<doublings {
            // Compare before doubling, so that no number of doublings overflows.
            if ceiling >= maximum / 2 { return maximum }
            ceiling *= 2
        }
        return ceiling
    }

    /// Draws the next wait and raises the ceiling for the one after.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let fraction = Double.random(in: 0...1, using: &generator)
        let wait = ceiling * fraction
        // At the maximum, counting further would only lengthen the loop above.
        if ceiling < maximum { doublings += 1 }
        return wait
    }

    /// Starts again from ``initial``, after a success.
    package mutating func reset() {
        doublings = 0
    }
}
