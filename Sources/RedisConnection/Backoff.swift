/// How long to wait before the next attempt: exponential, with full jitter.
///
/// Each wait is drawn evenly from zero to a ceiling that doubles with every attempt. Drawing from the whole range, not
/// from a band around the ceiling, is what keeps many workers that lost the same server from coming back in step
/// (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
package struct Backoff: Sendable, Equatable {
    /// The ceiling of the first wait.
    package let initial: Duration
    /// The ceiling that no wait exceeds.
    package let maximum: Duration
    /// How many times the ceiling was raised since the beginning or the last ``reset()``.
    package private(set) var doublings = 0

    /// - Precondition: `0 < initial ≤ maximum`.
    package init(initial: Duration = .milliseconds(100), maximum: Duration = .seconds(10)) {
        precondition(initial > .zero && initial <= maximum, "backoff needs 0 < initial ≤ maximum")
        self.initial = initial
        self.maximum = maximum
    }

    /// The most that the next wait can be.
    package var ceiling: Duration {
        var ceiling = initial
        for _ in 0..<doublings {
            // Compared before doubling, so that no number of doublings overflows.
            if ceiling >= maximum / 2 { return maximum }
            ceiling *= 2
        }
        return ceiling
    }

    /// Draws the next wait and raises the ceiling for the one after.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let fraction = Double.random(in: 0...1, using: &generator)
        let wait = ceiling * fraction
        // At the maximum the ceiling stays, and counting on would only make the loop above longer.
        if ceiling < maximum { doublings += 1 }
        return wait
    }

    /// Starts over with ``initial``, after a success.
    package mutating func reset() {
        doublings = 0
    }
}
