/// The time by both clocks of the machine.
package struct Moment: Sendable {
    /// What tokens and events are compared with.
    package var now: UnixTime
    /// What silence is measured with. It goes on while the machine sleeps, and nobody sets it.
    package var instant: ContinuousClock.Instant

    package init(now: UnixTime, instant: ContinuousClock.Instant) {
        self.now = now
        self.instant = instant
    }

    package static var current: Moment { Moment(now: .now, instant: .now) }
}
