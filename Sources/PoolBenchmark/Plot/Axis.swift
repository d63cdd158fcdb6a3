import Glibc

/// A scale for values, with round ticks.
enum Axis: Equatable {
    /// From 0.
    case linear(to: Double, step: Double)
    /// Between two positive values.
    case logarithmic(from: Double, to: Double)

    /// From 0 to at least `largest`, in four to eight steps of 1, 2 or 5 times a power of ten.
    static func linear(covering largest: Double) -> Axis {
        let largest = largest > 0 ? largest : 1
        let rough = largest / 5
        let power = pow(10, floor(log10(rough)))
        let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? 10 * power
        return .linear(to: ceil(largest / step * 0.9999) * step, step: step)
    }

    /// From 0 to exactly `largest`, with round ticks: time, of which there is no more.
    static func time(to largest: Double) -> Axis {
        guard case .linear(_, let step) = linear(covering: largest) else { return linear(covering: largest) }
        return .linear(to: max(largest, step), step: step)
    }

    /// From a round value below `smallest` to one above `largest`.
    static func logarithmic(covering smallest: Double, _ largest: Double) -> Axis {
        let smallest = smallest > 0 ? smallest : 0.001
        return .logarithmic(from: round(smallest, up: false), to: round(max(largest, smallest * 1.001), up: true))
    }

    /// To 1, 2 or 5 times a power of ten.
    private static func round(_ value: Double, up: Bool) -> Double {
        let power = pow(10, floor(log10(value)))
        let steps = [1.0, 2, 5, 10].map { $0 * power }
        return (up ? steps.first { $0 >= value * 0.9999 } : steps.last { $0 <= value * 1.0001 }) ?? value
    }

    /// From 0 at the bottom to 1 at the top.
    func position(of value: Double) -> Double {
        switch self {
        case .linear(let top, _): min(1, max(0, value / top))
        case .logarithmic(let bottom, let top):
            value <= bottom ? 0 : min(1, log10(value / bottom) / log10(top / bottom))
        }
    }

    /// Where the axis has a label.
    var ticks: [Double] {
        switch self {
        case .linear(let top, let step):
            return (0...Int(top / step * 1.0001)).map { Double($0) * step }
        case .logarithmic(let bottom, let top):
            let decades = log10(top / bottom)
            let factors: [Double] = decades > 4 ? [1] : [1, 2, 5]
            let powers = Int(floor(log10(bottom) + 1e-9))...Int(ceil(log10(top) - 1e-9))
            return powers.flatMap { power in factors.map { $0 * pow(10, Double(power)) } }
                .filter { $0 >= bottom * 0.999 && $0 <= top * 1.001 }
        }
    }

    /// A tick's label: as few digits as it needs.
    static func label(_ value: Double) -> String {
        if value >= 1000 { return Figures.grouped(value) }
        var text = Figures.fixed(value, places: 3)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }
}
