import SessionCore

/// Suggests the name that a misspelt name stands for.
package enum NearestName {
    /// In bytes. A longer text cannot be a misspelling of any name here, and comparing takes quadratic time.
    private static let maxBytes = 64

    /// The name that `text` misspells: the one with the smallest edit distance, if that is at most a third of the
    /// name's length. Case is ignored. If two are equally near, the first.
    ///
    /// - Returns: `nil` if none is near, or if `text` is one of the names.
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

    /// A clause that suggests a name, `: did you mean session.create?`; empty if none is near.
    package static func question(for text: String, among names: some Sequence<String>) -> String {
        nearest(to: text, among: names).map { ": did you mean \($0)?" } ?? ""
    }

    /// The edit distance with swaps of neighbours ("optimal string alignment"), if it is less than `bound`.
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
