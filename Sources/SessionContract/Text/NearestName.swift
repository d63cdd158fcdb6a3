import SessionCore

/// Finds the name that somebody meant who wrote another.
package enum NearestName {
    /// In bytes. A longer text is no misspelling of any name here, and the comparison costs its square.
    private static let maxBytes = 64

    /// The name that `text` is a misspelling of: the one with the fewest letters wrong, missing, too many or swapped, if
    /// those are at most a third of it. Capitals do not count as wrong. Of two that are as near, the first.
    ///
    /// - Returns: `nil` where none is near, and where `text` is one of the names.
    package static func nearest(to text: String, among names: some Sequence<String>) -> String? {
        let written = letters(of: text)
        guard (1...maxBytes).contains(written.count) else { return nil }
        var nearest: (name: String, distance: Int)?
        for name in names where name.utf8.count <= maxBytes {
            if name.isExactly(text) { return nil }
            let bound = min(nearest?.distance ?? .max, max(1, max(name.utf8.count, written.count) / 3) + 1)
            let distance = distance(written, letters(of: name), under: bound)
            if let distance { nearest = (name, distance) }
        }
        return nearest?.name
    }

    /// A clause that asks for it, `: did you mean session.create?`; empty where no name is near.
    package static func question(for text: String, among names: some Sequence<String>) -> String {
        nearest(to: text, among: names).map { ": did you mean \($0)?" } ?? ""
    }

    /// How many letters are wrong, missing, too many or swapped with their neighbour ("optimal string alignment"), if
    /// those are fewer than `bound`.
    static func distance(_ left: [UInt8], _ right: [UInt8], under bound: Int) -> Int? {
        guard abs(left.count - right.count) < bound else { return nil }
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for (column, other) in right.enumerated() {
                var least = min(last[column] + (byte == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
                    least = min(least, beforeLast[column - 1] + 1)
                }
                current.append(least)
            }
            beforeLast = last
            last = current
        }
        return last[right.count] < bound ? last[right.count] : nil
    }

    private static func letters(of text: String) -> [UInt8] {
        text.utf8.prefix(maxBytes + 1).map { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
    }
}
