import Glibc

/// Numbers as text, without a locale.
enum Figures {
    /// With this many decimal places.
    static func fixed(_ value: Double, places: Int) -> String {
        // Measurements are neither infinite nor this large; a bug must not become a trap.
        guard value.isFinite, abs(value) < 1e15 else { return "0" }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = Int64((abs(value) * scale).rounded())
        let (whole, rest) = scaled.quotientAndRemainder(dividingBy: Int64(scale))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard places > 0 else { return "\(sign)\(whole)" }
        let digits = String(rest)
        return "\(sign)\(whole)." + String(repeating: "0", count: places - digits.count) + digits
    }

    /// With three significant digits, at most three decimal places: `0.358`, `24.1`, `1030`.
    static func significant(_ value: Double) -> String {
        switch abs(value) {
        case ..<10: fixed(value, places: value == 0 ? 0 : abs(value) < 1 ? 3 : 2)
        case ..<100: fixed(value, places: 1)
        default: fixed(value, places: 0)
        }
    }

    /// A whole number with its digits in groups of three: `10 310`.
    static func grouped(_ value: Double) -> String {
        var rest = fixed(value, places: 0)
        var groups: [String] = []
        while rest.count > 3 {
            groups.insert(String(rest.suffix(3)), at: 0)
            rest.removeLast(3)
        }
        return ([rest] + groups).joined(separator: " ")
    }
}
