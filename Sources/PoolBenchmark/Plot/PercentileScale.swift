import Glibc

/// A scale for percentiles on which each further nine takes as much room as the one before: 90 %, 99 %, 99.9 %, …
///
/// On a linear scale everything that users complain about, the slowest hundredth, is in the last pixel.
struct PercentileScale: Equatable {
    /// How many nines the scale shows.
    let nines: Double

    /// As many nines as so many values support: the slowest of a thousand is at 99.9 %.
    ///
    /// - Parameter count: of values; the scale shows at least one nine, and at most six.
    init(count: Int) {
        nines = min(6, max(1, log10(Double(max(count, 1)))))
    }

    /// From 0 at the fastest command to 1 at the scale's end.
    ///
    /// - Parameter percentile: from 0 to 100.
    func position(of percentile: Double) -> Double {
        guard percentile < 100 else { return 1 }
        return min(1, -log10(1 - max(0, percentile) / 100) / nines)
    }

    /// The percentile at a position from 0 to 1.
    func percentile(at position: Double) -> Double {
        100 * (1 - pow(10, -position * nines))
    }

    /// Percentiles with a name, from the left to the right.
    var ticks: [(percentile: Double, label: String)] {
        var ticks = [(0.0, "0"), (50.0, "50 %"), (90.0, "90 %")]
        var label = "99"
        for nine in 2...6 where Double(nine) <= nines {
            ticks.append((100 * (1 - pow(10, -Double(nine))), label + " %"))
            label += nine == 2 ? ".9" : "9"
        }
        return ticks
    }
}
