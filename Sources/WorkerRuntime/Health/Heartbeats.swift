/// Which parts of a worker have stopped responding, from the beats that each of them counts. A value: it is shown the
/// counts once in a while, and decides.
///
/// It counts looks without a beat, not time. After a suspension, of the process or of the machine, everything is late, but
/// nothing was looked at either.
struct Heartbeats {
    private struct Part {
        var beats: UInt64
        var looksWithoutBeat = 0
    }

    /// After how many looks without a beat a part counts as stuck.
    let patience: Int
    private var parts: [String: Part] = [:]

    init(patience: Int) {
        self.patience = patience
    }

    /// - Parameter beats: what each part has counted so far.
    /// - Returns: the parts that are stuck, sorted.
    mutating func look(at beats: [String: UInt64]) -> [String] {
        parts = parts.filter { beats[$0.key] != nil }
        for (name, count) in beats {
            if parts[name]?.beats == count {
                parts[name]?.looksWithoutBeat += 1
            } else {
                parts[name] = Part(beats: count)
            }
        }
        return parts.filter { $0.value.looksWithoutBeat >= patience }.keys.sorted()
    }
}
