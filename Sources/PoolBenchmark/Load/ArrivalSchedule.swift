/// When the commands of an open loop are due: evenly spaced, and determined before the first is sent.
///
/// Latency is measured from these moments and not from when a command was really sent. A pool that stalls for a second
/// therefore makes every command due in that second late, as it would every user; measured from the moment of sending, only the
/// few in flight would seem slow (coordinated omission).
struct ArrivalSchedule: Equatable {
    /// In nanoseconds of the monotonic clock.
    let start: UInt64
    /// Commands per second, at least 1.
    let rate: Int

    /// The moment at which command `number`, counted from 0, is due.
    func arrival(_ number: Int) -> UInt64 {
        // An hour at the highest rate is 3.6e8 commands: the product stays below 2^59.
        start + UInt64(number) * 1_000_000_000 / UInt64(rate)
    }

    /// How many commands are due by `moment`.
    func due(by moment: UInt64) -> Int {
        guard moment >= start else { return 0 }
        let (whole, rest) = (moment - start).quotientAndRemainder(dividingBy: 1_000_000_000)
        let before = Int(whole) * rate + Int(rest * UInt64(rate) / 1_000_000_000)
        // Rounding down has put some arrivals a fraction of a nanosecond early.
        return arrival(before + 1) <= moment ? before + 2 : before + 1
    }
}
